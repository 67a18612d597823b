"""The connection, and the thread that owns it and the session."""

"""The server's rules: events in, effects out. No socket, clock, thread or SQL."""

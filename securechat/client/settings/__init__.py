"""The client's private files."""

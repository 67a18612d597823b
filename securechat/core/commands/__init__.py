"""The commands of the server, one family a file."""

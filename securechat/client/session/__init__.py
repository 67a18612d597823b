"""The conversation with the server: messages and actions in, lines and events out."""

"""What is typed and shown, at a terminal or in a pipe."""

"""What opens above the screen: to go somewhere, to find something, to act on a message."""

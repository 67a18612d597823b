"""A chat server for private talk, its client, and its certificate authority."""

__version__ = "0.1.0"

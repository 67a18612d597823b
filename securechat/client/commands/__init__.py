"""The command line, which puts a client together."""

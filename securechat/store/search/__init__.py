"""The index of the log, by which something is found by its words."""

"""The page for browsers on this machine alone, tunnelled to a server by whom we are there."""

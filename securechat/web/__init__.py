"""The page for browsers, and how HTTP and WebSockets carry it and its talk."""

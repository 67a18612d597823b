"""Who we say we are: passwords, and where tokens are kept."""

"""What lets somebody in, as server and client both know it: links, tokens, certificates. Pure."""

"""The IRC wire grammar, shared by server and client. Pure: no socket, clock, thread or disk."""

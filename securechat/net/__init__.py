"""Bytes and threads: TLS, listener, the I/O loop."""

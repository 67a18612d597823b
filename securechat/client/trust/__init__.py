"""Whom we believe to be the server, and who may change that."""

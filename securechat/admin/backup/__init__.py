"""Backups of a data directory: made, looked over, restored."""

"""The engine that keeps a database in a file: SQLite."""

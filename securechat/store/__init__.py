"""What is kept: SQLite, bcrypt, migrations."""

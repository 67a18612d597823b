"""The engine that keeps a database on a server of PostgreSQL, by psycopg (the extra `postgres`)."""

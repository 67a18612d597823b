"""The store as SQLite keeps it: tables, the journal, readers, copies."""

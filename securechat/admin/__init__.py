"""The command line of who runs a server: users, invites, tokens, audit, backups."""

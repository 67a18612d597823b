"""What the session tells, one file a family; see base.py."""

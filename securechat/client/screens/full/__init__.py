"""The full screen: Textual is imported here only, and nothing of it leaves this package."""

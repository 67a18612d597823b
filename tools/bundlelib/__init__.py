"""What an offline bundle holds beside the wheels; see tools/bundle.py."""

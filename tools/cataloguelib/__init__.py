"""The parts of tools/catalogue.py."""

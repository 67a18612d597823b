"""Puts core, store and net together, and the command lines that run it."""

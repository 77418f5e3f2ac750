"""Ends jobs that no GPU has ended in time."""

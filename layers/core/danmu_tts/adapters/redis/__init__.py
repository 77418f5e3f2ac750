"""The one Redis client of a process, and how it logs in."""

"""Piper in a function of its own."""

"""Onto AWS and off again, and the same on emulators: what ``make deploy`` and its like run."""

"""The platform on one machine."""

"""The doorkeeper of both APIs."""

"""Ends jobs with what a GPU made of them."""

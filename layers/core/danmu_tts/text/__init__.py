"""Read a danmu the way a person would. Pure functions."""

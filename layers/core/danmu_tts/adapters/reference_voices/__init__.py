"""Where reference voices are kept."""

"""Where finished audio is kept."""

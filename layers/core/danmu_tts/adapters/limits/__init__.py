"""How often and how much somebody may ask."""

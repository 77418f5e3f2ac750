"""How the world reaches us: one folder is one Lambda."""

"""How danmu are read, from files."""

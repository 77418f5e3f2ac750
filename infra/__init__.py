"""Where the functions run: AWS (templates) and one machine."""

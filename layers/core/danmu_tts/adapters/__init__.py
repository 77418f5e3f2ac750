"""One vendor or store a file. Only bootstrap.py names them."""

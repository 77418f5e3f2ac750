"""One file, one resource."""

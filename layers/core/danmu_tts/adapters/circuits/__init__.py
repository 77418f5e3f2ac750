"""What processes tell one another of failing backends."""

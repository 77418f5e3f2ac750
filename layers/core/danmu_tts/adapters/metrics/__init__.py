"""Where figures go."""

"""Where API keys are kept."""

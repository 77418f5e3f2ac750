"""Messages between processes of ours. Pydantic only."""

"""How a room is read: what comes in, what is spoken, who is told."""

"""The policy of a live room: what is spoken, what is merged, what is let go. Pure: the time is always passed in."""

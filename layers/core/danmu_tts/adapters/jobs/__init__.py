"""Jobs: where they are kept, and the queues that they travel through."""

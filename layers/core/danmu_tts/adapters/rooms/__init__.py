"""Live rooms: how they stand, in Redis; how they are to be read, in files or S3."""

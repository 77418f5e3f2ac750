"""``make bench``: speed, measured side by side with the bare libraries. Ratios matter; seconds are this machine's."""

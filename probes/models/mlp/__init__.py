"""See `inputs`."""

"""Modules that others wrote, at small sizes: what `--module` is tried on."""

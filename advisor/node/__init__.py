"""A whole measurement on a machine where nothing is installed: what the exported file runs."""

"""The same measurement on many machines through Ray, one evidence file each."""

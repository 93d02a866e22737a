"""Timing lives here and not in the test suite: ``make bench``."""

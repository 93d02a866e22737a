"""Measuring: plan, launches, gates, statistics, verdicts. Runs on a bare node."""

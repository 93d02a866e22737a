"""fw-advisor: a framework-selection advisor with empirical probes."""

__version__ = "0.1.0"

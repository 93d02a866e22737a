"""From answers, evidence and rules to a decision. Pure: no clock, no I/O, no process."""

from advisor.decide.deciding import decide

__all__ = ["decide"]

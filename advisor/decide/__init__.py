"""From answers, evidence and rules to a decision. Pure: no clock, no I/O, no process."""

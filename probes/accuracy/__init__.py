"""Training to an accuracy, from a process's start: one task, in both frameworks side by side."""

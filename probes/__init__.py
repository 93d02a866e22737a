"""The worker: the work that is timed, and its timing, inside someone else's interpreter.

Needs the standard library, NumPy and one framework; imports nothing of the advisor.
"""

PROTOCOL = 1

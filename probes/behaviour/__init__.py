"""Small checks of behaviour: what a framework does, not how fast. One file each, both frameworks.

A check has two functions, ``torch_findings()`` and ``jax_findings()``, which do the same thing in
the way of each framework and return what was seen: flags, numbers, short texts, or a list of
numbers that the driver compares between the frameworks. What follows from it is said elsewhere.
"""

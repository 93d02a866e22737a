"""A user's own step: the file it stands in, what it says of itself, and what it computes.

``file`` runs the file and points at its lines; ``options`` reads its constants; ``torch_side`` and
``jax_side`` build the step and look at its results and state; ``leaves`` makes named samples of
those, the same way for both.
"""

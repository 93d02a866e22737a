"""Families of real models, generated from their sizes; see `probes.model`.

``PYTHON path/to/probes models`` prints them as data.
"""

from probes.models.catalogue import main

__all__ = ["main"]

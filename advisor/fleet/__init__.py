"""Many machines through Ray: the exported worker on nodes of a cluster, one evidence file each.

Ray is imported by `ray_engine` alone, and only when a cluster is asked for.
"""

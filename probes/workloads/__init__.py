"""The workloads: one folder each, named as the workload; what is timed and nothing else."""

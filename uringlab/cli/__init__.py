"""`uringlab …`: arguments and exit codes, nothing else."""

"""The ring itself: queues, memory, fds and op builders. Needs cffi and nothing else."""

"""One coroutine per service. A journey sees the Desk and nothing else."""

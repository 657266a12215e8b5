"""What bench_streams.py measures with: players, and a server that others push to."""

"""What bench_web.py measures with, and the peer that it measures beside us."""

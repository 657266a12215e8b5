"""What scripts/bench_convert.py measures with."""

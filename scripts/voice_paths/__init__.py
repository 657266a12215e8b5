"""What bench_voice.py measures with."""

"""What scripts/bench_live.py and scripts/bench_handover.py measure with, and the peer beside it."""

"""What scripts/soak runs: a launcher of its own, watched from outside for minutes."""

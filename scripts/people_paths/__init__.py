"""What bench_people.py measures beside ours."""

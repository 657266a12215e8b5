"""What scripts/bench_stereo.py and contact_sheet.py are made of."""

"""Shared-memory frame rings: bytes, words and leases. Imports nothing else of this project."""

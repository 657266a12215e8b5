"""Packages that are not for this system, with the names and signatures of the real ones."""

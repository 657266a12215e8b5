"""Where pictures go: one file per kind of sink; any number of them at once."""

PICK = ("window", "web")
"""What `auto` stands for: each of these that is there."""

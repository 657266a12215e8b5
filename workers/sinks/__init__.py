"""Where pictures go: one file per kind of sink; any number of them at once."""

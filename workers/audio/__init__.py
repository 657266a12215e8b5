"""Sound beside pictures: recorded once, coded once as AAC and once as Opus, for streams and files."""

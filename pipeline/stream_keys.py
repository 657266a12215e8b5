"""Keys of streams stand in addresses that are pushed to (`stream.push`); whoever sees one can stream in the
user's name."""

import re

_ADDRESS = re.compile(r"\b(rtmps?|srt)://[^\s\"',\]]+", re.IGNORECASE)


def without_keys(text: str) -> str:
    """For messages and reports: of such addresses no more than what kind they are."""
    return _ADDRESS.sub(r"\1://(hidden)", text)

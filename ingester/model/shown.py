"""What a user gave, as it may be printed: a URL may hold a password or a signature. Pure."""

import re

_USER = re.compile(r"[^\s/@]*@")
_QUERY = re.compile(r"\?[^\s”\"']*")


def without_secrets(text: str) -> str:
    """A URL, or what was meant to be one, or a sentence about it, without user names, passwords and queries."""
    return _QUERY.sub("?…", _USER.sub("", text))

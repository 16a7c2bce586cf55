"""Which keys obstore asks for as they are. The others go through boto3."""

import re

# object_store's `Path` knows no empty segment (`a//b`, which a trail prefix that ends in `/` makes) and refuses
# `.`, `..` and control characters. It strips one leading and one trailing `/` without a word: it would ask for
# another key. (Tried with obstore 0.12, tests/unit/fetch/test_s3_keys.py.)
_UNSAYABLE = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|[\x00-\x1f\x7f]")


def obstore_can_say(key: str) -> bool:
    """Whether obstore asks for exactly this key."""
    return _UNSAYABLE.search(key) is None

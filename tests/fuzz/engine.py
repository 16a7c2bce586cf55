"""`python -m tests.fuzz.engine TARGET FOLDER …`: atheris on one target; what follows the folder is libFuzzer's.

The folder holds the inputs that reach new code, from one run to the next.
"""

import sys
from pathlib import Path

import atheris
import msgspec

with atheris.instrument_imports(include=["ingester"]):
    from tests.fuzz.targets import TARGETS

from ingester.model.event import CloudTrailEvent
from tests.fuzz.corpus import inputs

SEED_BYTES_MAX = 4096
_WORDS = ["Records", "Type", "Notification", "Message", "s3Bucket", "s3ObjectKey", "eventSource", "aws:s3", "object"]
_TOKENS = ['{"', '":', '","', '":{', '":[', "}]", "null", "true", "1e9", '"\\ud800"', "\\u0000", "\xff", "]}"]


def main() -> None:
    """Never returns: libFuzzer ends the process, with 0 when its time is over and something else for a finding."""
    target, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs(target)):
        if len(data) <= SEED_BYTES_MAX:
            (folder / f"seed-{number:03}").write_bytes(data)
    dictionary = folder.with_suffix(".dict")
    names = [field.encode_name for field in msgspec.structs.fields(CloudTrailEvent)]
    lines = [f'"{_escaped(word)}"' for word in (*_WORDS, *_TOKENS, *names)]
    dictionary.write_text("\n".join(lines) + "\n")
    atheris.Setup([sys.argv[0], f"-dict={dictionary}", *sys.argv[3:], str(folder)], TARGETS[target])
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(rf"\x{byte:02x}" for byte in word.encode("latin-1"))


if __name__ == "__main__":
    main()

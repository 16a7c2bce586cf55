"""`./scripts/chaos --minutes M --seed S`."""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from scripts.chaos_world.run import chaos
from scripts.demo_world.moto_server import CREDENTIALS, moto_server


def main() -> int:
    """The exit code: 0 when the oracle finds nothing wrong."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--output", choices=("disk", "s3"), default=None, help="default: drawn from the seed")
    options = parser.parse_args()
    os.environ.update(CREDENTIALS)
    print(f"seed {options.seed}", flush=True)
    output = options.output or random.Random(options.seed).choice(("disk", "s3"))
    with moto_server() as server, tempfile.TemporaryDirectory() as folder:
        findings = chaos(server, Path(folder), options.seed, options.minutes * 60, output=output)
    print("\n".join(findings) or "nothing lost, nothing twice")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

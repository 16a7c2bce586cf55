"""`./scripts/chaos --minutes M --seed S`."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from scripts.chaos_world.run import chaos
from scripts.demo_world.moto_server import CREDENTIALS, moto_server


def main() -> int:
    """The exit code: 0 when nothing is wrong. Otherwise what the runs left stays, and where is told."""
    parser = argparse.ArgumentParser(prog="chaos", description="Kill, stop and disturb a running ingester at random.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed does the same harm")
    parser.add_argument("--output", choices=("disk", "s3"), default=None, help="default: drawn from the seed")
    parser.add_argument(
        "--drawing", type=Path, default=Path("chaos.png"), help="a PNG of memory, descriptors, ledger"
    )
    options = parser.parse_args()
    os.environ.update(CREDENTIALS)
    output = options.output or random.Random(options.seed).choice(("disk", "s3"))
    print(f"seed {options.seed}, {options.minutes:g} minutes, output {output}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with moto_server() as server:
        findings = chaos(server, folder, options.seed, options.minutes * 60, output=output, drawing=options.drawing)
    if not findings:
        shutil.rmtree(folder)
        print("nothing lost, nothing twice, nothing grew")
        return 0
    print("\n".join(findings))
    print(f"seed {options.seed}; what the runs wrote is in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

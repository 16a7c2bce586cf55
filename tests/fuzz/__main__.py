"""`./scripts/fuzz --minutes M`: atheris on each target in turn. What it learns lies in `.fuzz/`, for the next time.

Exit code 1 when something was found: then `.fuzz/<target>-crash-…` (or -timeout-, -oom-) holds the input. Mend the
product, and put the input, or what is left of it once it is made small, into `tests/fuzz/corpus.py`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".fuzz")
TARGETS = ("notification", "log_file", "record")
SECONDS_MAX = 20
"""More than an input may take, on a busy machine: the slowest of the corpus takes one."""
MEMORY_MB_MAX = 2048


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    parser.add_argument("--target", choices=TARGETS, action="append", help="repeatable; all of them without it")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    found = [target for target in options.target or TARGETS if not _run(target, options.minutes)]
    findings = [str(path) for target in found for path in sorted(FOLDER.glob(f"{target}-*"))]
    print("\n".join(f"found: {path}" for path in findings) or "nothing found")
    return 1 if found else 0


def _run(target: str, minutes: float) -> bool:
    """Whether nothing was found."""
    limits = [f"-max_total_time={max(1, round(minutes * 60))}", f"-timeout={SECONDS_MAX}", "-max_len=4096"]
    where = [f"-rss_limit_mb={MEMORY_MB_MAX}", f"-artifact_prefix={FOLDER}/{target}-", "-print_final_stats=1"]
    print(f"{target}:", flush=True)
    engine = [sys.executable, "-m", "tests.fuzz.engine", target, str(FOLDER / target)]
    return subprocess.run([*engine, *limits, *where], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())

"""How `ingester` is called as a process of its own, with nothing of the user's AWS set-up."""

import os
import sys
from pathlib import Path

from scripts.demo_world.moto_server import CREDENTIALS

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(sys.executable).with_name("ingester")

INGESTER: tuple[str, ...] = (
    (str(_SCRIPT),) if _SCRIPT.exists() else (sys.executable, "-c", "from ingester.cli import main; main()")
)
"""The console script of this interpreter's environment, or what it does where the project is not installed."""


def environment() -> dict[str, str]:
    """This process's environment with the made-up credentials in place of any others, and none of our options."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INGESTER_"))}
    no_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    # wide, so that no sentence is broken into lines
    return kept | CREDENTIALS | no_files | {"PYTHONPATH": str(_PROJECT_ROOT), "COLUMNS": "300"}

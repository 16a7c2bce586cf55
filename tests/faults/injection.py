"""The environment that makes the product's processes load `injected/sitecustomize.py`, and what it shall do."""

import os
from pathlib import Path

from scripts.demo_world.command import environment

_INJECTED = Path(__file__).parent / "injected"


def injecting(**faults: str | Path | int) -> dict[str, str]:
    """Environment for the command line. The names are those of `injected/sitecustomize.py` without FAULTS_, small."""
    path = os.pathsep.join([str(_INJECTED), environment()["PYTHONPATH"]])
    return {"PYTHONPATH": path} | {f"FAULTS_{name.upper()}": str(value) for name, value in faults.items()}

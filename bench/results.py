"""Where figures are kept between a run and the report: `bench/results/<section>.json`."""

import json
from pathlib import Path
from typing import Any

from bench.machine import describe

FOLDER = Path(__file__).resolve().parent / "results"

Result = dict[str, Any]


def save(section: str, result: Result, *, quick: bool) -> None:
    """Keep a section's figures, with the machine."""
    FOLDER.mkdir(exist_ok=True)
    document = {"machine": describe(), "quick": quick, "result": result}
    (FOLDER / f"{section}.json").write_text(json.dumps(document, indent=2) + "\n")


def load(section: str) -> Result | None:
    """A section's figures as they were saved; None if it was never run."""
    path = FOLDER / f"{section}.json"
    if not path.exists():
        return None
    document: Result = json.loads(path.read_text())
    return document

"""Code that runs at the start of the real processes: what no crash point and no proxy can do."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def patched(folder: Path, code: str) -> dict[str, str]:
    """The environment in which every Python process, supervisor and workers, runs `code` when it starts."""
    directory = folder / "patch"
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": f"{directory}:{PROJECT_ROOT}"}

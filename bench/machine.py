"""The machine in words that name no one: kind of processor, cores, memory, operating system, Python, libraries."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ingester.model.settings import usable_cores

LIBRARIES = ("msgspec", "isal", "pyarrow", "obstore", "boto3", "duckdb", "polars", "orjson", "ijson", "pysimdjson")


def describe() -> dict[str, str]:
    """What a reader needs to know to judge the figures."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": str(usable_cores()),
        "memory": f"{pages / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "libraries": ", ".join(filter(None, map(_library, LIBRARIES))),
    }


def _library(name: str) -> str:
    """Name and version; empty for a peer that only the `bench` extra brings."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [
        line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "Processor"))
    ]
    return names[0] if names else platform.machine()

"""The machine in words that name no one: kind of processor, cores, memory, operating system, Python, libraries."""

import os
import platform
from importlib.metadata import version
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
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [
        line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "Processor"))
    ]
    return names[0] if names else platform.machine()

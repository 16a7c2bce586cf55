"""What the supervisor imports of this room brings no Arrow with it, and no boto3 for a lake on disk."""

import subprocess
import sys

import pytest


def loaded_by(code: str) -> set[str]:
    """Names of the modules that a new interpreter has after `code`."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], check=True, capture_output=True, text=True
    )
    return set(shown.stdout.split())


@pytest.mark.parametrize("module", ["open", "base", "layout", "publish_disk", "publish_s3"])
def test_the_supervisors_modules_load_no_arrow(module: str) -> None:
    loaded = loaded_by(f"import ingester.lake.{module}")
    assert not loaded & {"pyarrow", "numpy", "obstore"}


def test_a_lake_on_disk_loads_no_boto3() -> None:
    loaded = loaded_by(
        "from ingester.lake.open import open_lake; from ingester.model.settings import Settings\n"
        "open_lake(Settings(output='/nowhere'))"
    )
    assert "ingester.lake.publish_disk" in loaded
    assert not loaded & {"boto3", "botocore"}

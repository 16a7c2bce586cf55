"""One way to open any log file, and what a run over a directory does not have to load."""

import subprocess
import sys
from pathlib import Path

from ingester.fetch.base import no_waiting
from ingester.fetch.open import opener
from ingester.model.log_file import LogFile, local_log_file
from ingester.model.settings import Settings
from tests.unit.fetch.fake_s3 import FakeS3

ROOT = Path(__file__).parents[3]


def test_a_log_file_is_opened_where_it_lies(fake_s3: FakeS3, settings: Settings, tmp_path: Path) -> None:
    open_ = opener(settings)
    (tmp_path / "a.json").write_bytes(b"on disk")
    assert list(open_(local_log_file(tmp_path / "a.json"), no_waiting).chunks) == [b"on disk"]
    assert list(open_(LogFile("bucket", "a.json"), no_waiting).chunks) == [b"body"]


def loaded_by(code: str) -> set[str]:
    command = f"{code}; import sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ran.stdout.split())


def test_files_on_disk_load_no_client_of_aws(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{}")
    loaded = loaded_by(
        "from ingester.fetch.listing import list_log_files; from ingester.fetch.ahead import FetchAhead; "
        "from ingester.fetch.open import opener; from ingester.model.settings import Settings; "
        f"found = [*list_log_files({str(tmp_path)!r}, Settings())]; a = FetchAhead(opener(Settings()), 1, 1); "
        "a.put(1, found[0]); assert list(a.next(1)[1].chunks) == [b'{}']"
    )
    assert loaded.isdisjoint({"boto3", "botocore", "obstore", "pyarrow", "numpy"})


def test_listing_s3_loads_no_obstore_and_no_arrow() -> None:
    loaded = loaded_by("import ingester.fetch.listing_s3")
    assert "boto3" in loaded
    assert loaded.isdisjoint({"obstore", "pyarrow", "numpy"})

"""Row 8: the machine loses its power, and every write that was not synced is lost."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.faults.patched import patched
from tests.faults.scene import OUTPUTS, Scene
from tests.support.lake import DiskLake, S3Lake
from tests.support.moto import Place

KEEP_WHAT_IS_SYNCED = """
import json, os, shutil, stat, sys, threading

kept = {kept!r}
inside = threading.local()
really_sync = os.fsync

def fsync(descriptor):
    really_sync(descriptor)
    status = os.fstat(descriptor)
    path = os.readlink(f"/proc/self/fd/{{descriptor}}")
    new = f"{{kept}}/{{os.getpid()}}-{{threading.get_ident()}}"
    if stat.S_ISDIR(status.st_mode):
        with open(new, "w") as file:
            json.dump([(entry.name, entry.inode(), entry.is_dir()) for entry in os.scandir(path)], file)
    else:
        shutil.copyfile(path, new)
    os.replace(new, f"{{kept}}/{{status.st_ino}}")

def forget_what_is_removed(event, arguments):
    # its inode number may be given to another file
    if event not in ("os.remove", "os.rmdir") or getattr(inside, "hook", False):
        return
    inside.hook = True
    path, directory = arguments
    try:
        number = os.lstat(path).st_ino if directory == -1 else os.stat(path, dir_fd=directory).st_ino
        os.unlink(f"{{kept}}/{{number}}")
    except OSError:
        pass
    inside.hook = False

os.fsync = fsync
sys.addaudithook(forget_what_is_removed)
"""
"""Keeps, under each inode's number, what a file or a directory held when it was last synced."""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for a descriptor's path")
@OUTPUTS
@pytest.mark.parametrize("point", ["supervisor-after-commit", "supervisor-before-delete"])
def test_row_08_after_a_loss_of_power_no_acknowledged_row_is_lost(
    moto_place: Place, tmp_path: Path, output: str, point: str
) -> None:
    """On S3 only the state directory could be lost.

    Breaks [disk] with `ingester/lake/sink_disk.py`: `os.fsync(file.fileno())` → `pass`.
    Breaks [after-commit-disk] with `ingester/lake/sink_disk.py`: `sync_directory(directory)` → `pass`.
    Breaks [before-delete-disk] with `ingester/lake/publish_disk.py`: `sync_directory(directory)` → `pass`.
    Breaks [s3] with `ingester/lake/disk.py`: `sync_directory(directory.parent)` → `pass`.
    """
    kept, before, after = tmp_path / "kept", tmp_path / "before", tmp_path / "after"
    kept.mkdir()
    before.mkdir()
    scene = Scene(moto_place, before, output)
    recorder = patched(tmp_path, KEEP_WHAT_IS_SYNCED.format(kept=str(kept)))
    scene.killed_at(point, environ=recorder)

    _restore(kept, before.stat().st_ino, after)
    for ledger in before.rglob("ledger.sqlite*"):  # SQLite syncs by itself
        directory = after / ledger.parent.relative_to(before)
        if directory.exists():
            shutil.copy(ledger, directory)
    scene.lake = DiskLake(after / "lake") if output == "disk" else S3Lake(moto_place, after / "state")
    scene.redeliver()
    ended = scene.run_to_the_end()

    assert len(list(kept.iterdir())) > (5 if output == "disk" else 0)
    scene.assert_oracle(ended=ended)


def _restore(kept: Path, number: int, directory: Path) -> None:
    """What lies in a directory after the loss of power: names as of its last sync, files as of theirs."""
    directory.mkdir()
    listing = kept / str(number)
    for name, child, is_directory in json.loads(listing.read_text()) if listing.exists() else ():
        if is_directory:
            _restore(kept, child, directory / name)
        elif (kept / str(child)).exists():
            shutil.copy(kept / str(child), directory / name)
        else:
            (directory / name).touch()

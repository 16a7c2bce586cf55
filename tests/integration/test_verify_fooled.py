"""Lakes and ledgers broken in ways that nobody means to: verify names each, and falls over none."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingester.model.settings import Settings
from ingester.verify.verify import verify
from tests.integration.test_verify import execute, fill, ledger_file, rewrite
from tests.support.cli import ingester
from tests.support.lake import DiskLake

Break = Callable[[DiskLake], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DiskLake]:
    """Log files and a lake that no test changes."""
    return fill(tmp_path_factory.mktemp("fooled"))


@pytest.fixture
def filled(made: tuple[Path, DiskLake], tmp_path: Path) -> DiskLake:
    """A copy of the lake, to be broken."""
    shutil.copytree(made[1].root, tmp_path / "copy")
    return DiskLake(tmp_path / "copy")


def kinds(lake: DiskLake, source: Path | None = None) -> set[str]:
    """The kinds of what verify finds."""
    return set(verify(Settings(output=str(lake.root)), source=str(source) if source else None).counts)


def a_file(lake: DiskLake) -> Path:
    return lake.root / lake.data_files()[-1]


def with_column(name: str, values: Callable[[pa.Table], pa.Array]) -> Break:
    def change(lake: DiskLake) -> None:
        path = a_file(lake)
        table = pq.ParquetFile(path).read().replace_schema_metadata(None)
        rewrite(
            lake, table.set_column(table.schema.get_field_index(name), name, values(table)), path,
            pq.read_metadata(path).metadata,
        )  # fmt: skip

    return change


def without_column(name: str) -> Break:
    def change(lake: DiskLake) -> None:
        path = a_file(lake)
        table = pq.ParquetFile(path).read().replace_schema_metadata(None)
        rewrite(lake, table.drop_columns([name]), path, pq.read_metadata(path).metadata)

    return change


def footer(**texts: bytes) -> Break:
    def change(lake: DiskLake) -> None:
        path = a_file(lake)
        metadata = dict(pq.read_metadata(path).metadata) | {f"ingester.{k}".encode(): v for k, v in texts.items()}
        rewrite(lake, pq.ParquetFile(path).read().replace_schema_metadata(None), path, metadata)

    return change


def sql(statement: str) -> Break:
    return lambda lake: execute(lake, statement)


def in_its_place(put: Callable[[Path], object]) -> Break:
    def change(lake: DiskLake) -> None:
        path = a_file(lake)
        path.unlink()
        put(path)

    return change


def swap(lake: DiskLake) -> None:
    first, second = lake.root / lake.data_files()[0], a_file(lake)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def overwrite_pages(lake: DiskLake) -> None:
    path = ledger_file(lake)
    content = bytearray(path.read_bytes())
    content[8_192:12_288] = b"\xaa" * 4_096
    path.write_bytes(content)


BROKEN: dict[str, tuple[Break, str]] = {
    "a file of no bytes": (lambda lake: a_file(lake).write_bytes(b""), "damaged data file"),
    "files swapped between partitions": (swap, "footer of a data file"),
    "a file moved to another partition": (
        lambda lake: a_file(lake).rename(lake.root / "cloudtrail" / a_file(lake).name), "missing data file",
    ),
    "a file twice, under another name": (
        lambda lake: shutil.copy(a_file(lake), a_file(lake).with_name(f"copy-{a_file(lake).name}")), "stray file",
    ),
    "a linked directory": (
        lambda lake: (lake.root / "cloudtrail/date=linked").symlink_to(a_file(lake).parent), "stray file",
    ),
    "a directory in the place of a file": (in_its_place(Path.mkdir), "damaged data file"),
    "a pipe in the place of a file": (in_its_place(os.mkfifo), "damaged data file"),
    "a link that leads nowhere": (in_its_place(lambda path: path.symlink_to("/nowhere")), "missing data file"),
    "a footer with another number": (footer(file_number=b"99"), "footer of a data file"),
    "a footer with another count": (footer(data_files=b"77"), "footer of a data file"),
    "a footer with a damaged list": (footer(log_files=b"AAAA"), "footer of a data file"),
    "a record index that is a fraction": (
        with_column("recordIndex", lambda table: pa.array([0.5] * table.num_rows)), "damaged data file",
    ),
    "a log file's URI that is a number": (
        with_column("logFile", lambda table: pa.array(range(table.num_rows))), "damaged data file",
    ),
    "a record index below zero": (
        with_column("recordIndex", lambda table: pa.array([-5, *table["recordIndex"].to_pylist()[1:]])),
        "record index out of range",
    ),
    "no URIs": (without_column("logFile"), "damaged data file"),
    "a ledger without a commit": (sql("DELETE FROM commits"), "damaged ledger"),
    "a ledger without a log file": (
        sql("DELETE FROM log_files WHERE number = (SELECT min(number) FROM log_files)"), "damaged ledger",
    ),
    "a ledger that counts wrongly": (sql("UPDATE commits SET rows = rows + 5"), "damaged ledger"),
    "a ledger with another identity": (
        sql("UPDATE log_files SET identity = x'00112233445566778899aabbccddeeff' WHERE number = 1"), "damaged ledger",
    ),
    "a ledger with another place": (
        sql("UPDATE log_files SET place = x'00112233445566778899aabbccddeeff' WHERE number = 1"), "damaged ledger",
    ),
    "a ledger with a path that leads out": (
        sql("UPDATE data_files SET path = '../../etc/passwd' WHERE number = 1"), "damaged ledger",
    ),
    "a ledger with half an ETag": (sql("UPDATE data_files SET part_etags = '[' WHERE number = 1"), "damaged ledger"),
    "a ledger with words for numbers": (sql("UPDATE log_files SET rows = 'many' WHERE number = 1"), "damaged ledger"),
    "a ledger with bytes for a URI": (sql("UPDATE log_files SET uri = x'ff' WHERE number = 1"), "damaged ledger"),
    "a ledger with a trillion rows": (
        sql("UPDATE log_files SET rows = 1000000000000 WHERE number = 1"), "damaged ledger",
    ),
    "a ledger with overwritten pages": (overwrite_pages, "damaged ledger"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_is_broken_is_named_with_and_without_the_source(
    filled: DiskLake, made: tuple[Path, DiskLake], name: str
) -> None:
    breaks, kind = BROKEN[name]
    breaks(filled)

    assert kind in kinds(filled)
    assert kind in kinds(filled, made[0])


@pytest.mark.parametrize("name", ["eventName", "unmapped"])
def test_a_column_that_is_gone_is_found_against_the_source(
    filled: DiskLake, made: tuple[Path, DiskLake], name: str
) -> None:
    without_column(name)(filled)

    assert kinds(filled, made[0]) == {"rows that differ"}


def test_a_flipped_byte_in_any_column_is_found_against_the_source(
    filled: DiskLake, made: tuple[Path, DiskLake]
) -> None:
    path = a_file(filled)
    content = bytearray(path.read_bytes())
    group = pq.read_metadata(path).row_group(0)
    (chunk,) = [
        group.column(number)
        for number in range(group.num_columns)
        if group.column(number).path_in_schema == "eventName"
    ]
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    content[begin + chunk.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(content)

    assert kinds(filled, made[0]) & {"damaged data file", "rows that differ"}


def test_a_name_that_no_terminal_can_show_is_told_all_the_same(filled: DiskLake) -> None:
    folder = os.fsencode(a_file(filled).parent)
    Path(os.fsdecode(folder + b"/caf\xe9\x1b[2J.parquet")).write_bytes(b"x")

    ended = ingester("verify", filled.root)

    assert ended.exit_code == 1, ended.stderr
    assert "caf\\udce9\\x1b[2J.parquet" in ended.stdout
    assert "Traceback" not in ended.stderr

"""The mutations that the docstrings of fault tests name, and how one is applied. Pure but for reading files.

A test's docstring says, as often as there are changes that it must notice:

    Breaks with `ingester/sqs/batch.py`: `code in _STALE_CODES` → `False`.
    Breaks [s3] with `ingester/…`: `…` → `…` and `ingester/…`: `…` → `…`.

The text before the arrow stands exactly once in the file; what follows takes its place. White space counts as one
blank, so that both may be broken into lines. Changes joined by `and` are made together. In brackets: only the cases
of a parametrised test whose name contains this text must fail; without them, all.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROWS = range(1, 41)
"""The rows of the list of faults."""

_CHANGE = r"`(?P<file>[^`]+)`: `(?P<old>[^`]+)` → `(?P<new>[^`]*)`"
_ONE_CHANGE = re.compile(_CHANGE)
_UNNAMED_CHANGE = re.sub(r"\?P<\w+>", "?:", _CHANGE)
_MUTATION = re.compile(
    rf"Breaks(?: \[(?P<cases>[^\]]+)\])? with (?P<changes>{_UNNAMED_CHANGE}(?:,? and {_UNNAMED_CHANGE})*)"
)
_ROW = re.compile(r"\d\d")


class DoesNotApplyError(Exception):
    """The text that a mutation replaces is not there exactly once."""


@dataclass(frozen=True)
class Change:
    """A text of a file, and what takes its place."""

    file: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        """The mutated file. Raises DoesNotApplyError."""
        pattern = re.compile(r"\s+".join(map(re.escape, self.old.split())))
        found = len(pattern.findall(source))
        if found != 1:
            raise DoesNotApplyError(f"{self.file} has {found} times: {self.old}")
        return pattern.sub(lambda _: self.new, source)


@dataclass(frozen=True)
class Mutation:
    """Changes that are made together; the test, or those of its cases that contain `cases`, must fail then."""

    changes: tuple[Change, ...]
    cases: str = ""

    def apply(self, root: Path) -> dict[Path, str]:
        """The mutated files of the project at `root`, by path; nothing is written. Raises DoesNotApplyError."""
        mutated: dict[Path, str] = {}
        for change in self.changes:
            path = root / change.file
            if not path.is_file():
                raise DoesNotApplyError(f"there is no {change.file}")
            mutated[path] = change.apply(mutated.get(path) or path.read_text())
        return mutated

    def __str__(self) -> str:
        """In one line."""
        cases = f"[{self.cases}] " if self.cases else ""
        return cases + " and ".join(f"{change.file}: {change.old} → {change.new}" for change in self.changes)


@dataclass(frozen=True)
class FaultTest:
    """A test function. `path` is relative to the project; `rows`: those of the list of faults that its name says."""

    path: str
    name: str
    rows: tuple[int, ...]
    mutations: tuple[Mutation, ...]

    @property
    def node_id(self) -> str:
        """What pytest calls it."""
        return f"{self.path}::{self.name}"


def mutations_in(docstring: str) -> tuple[Mutation, ...]:
    """The mutations that a docstring names, in order."""
    text = " ".join(docstring.split())
    return tuple(
        Mutation(
            tuple(
                Change(change["file"], change["old"], change["new"])
                for change in _ONE_CHANGE.finditer(found["changes"])
            ),
            found["cases"] or "",
        )
        for found in _MUTATION.finditer(text)
    )


def fault_tests(root: Path) -> Iterator[FaultTest]:
    """Every test of a row in `tests/faults`, and any other there that names a mutation."""
    for path in sorted((root / "tests" / "faults").glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                mutations = mutations_in(ast.get_docstring(node) or "")
                rows = _rows(node.name)
                if rows or mutations:
                    yield FaultTest(path.relative_to(root).as_posix(), node.name, rows, mutations)


def _rows(name: str) -> tuple[int, ...]:
    """`test_row_28_and_30_a_log_file…` → 28, 30."""
    if not name.startswith("test_row_"):
        return ()
    words = name.removeprefix("test_row_").split("_")
    rows = [int(words[0])]
    while words[1:2] == ["and"] and _ROW.fullmatch(words[2]):
        words = words[2:]
        rows.append(int(words[0]))
    return tuple(rows)

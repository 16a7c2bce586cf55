"""SECURITY.md lists what is installed with the ingester, at the versions that CI tests."""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]


def installed_with(extra: str) -> set[str]:
    """The names of all packages that the ingester needs here, and what these need."""
    found: set[str] = set()
    todo = [("cloudtrail-ingester", {extra})]
    while todo:
        name, extras = todo.pop()
        for requirement in map(Requirement, requires(name) or ()):
            is_needed = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": some}) for some in (*extras, "")
            )
            normal = re.sub(r"[-_.]+", "-", requirement.name).lower()
            if is_needed and normal not in found:
                found.add(normal)
                todo.append((requirement.name, set(requirement.extras)))
    return found


def test_every_dependency_is_listed_with_the_version_that_is_tested() -> None:
    lines = (PROJECT / ".ci" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line and ";" not in line)
    section = (PROJECT / "SECURITY.md").read_text().split("## Dependencies")[1].split("## How to report")[0]
    listed = dict(re.findall(r"`([\w-]+) ([\w.]+)`", section))

    assert listed == {name: pinned[name] for name in installed_with("verify-sns")}

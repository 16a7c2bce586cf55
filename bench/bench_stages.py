"""What each stage costs, by pytest-benchmark, in CPU time: `./scripts/bench --only stages`, or pytest on this file.

BENCH_QUICK=1 takes the small profiles.
"""

import os
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.data import BUSY, LARGE, QUICK_PROFILES, TINY, TYPICAL, Profile, prepare
from bench.floor import FLOOR
from bench.material import Material
from bench.stages import STAGES

_QUICK = os.environ.get("BENCH_QUICK") == "1"
_PROFILES = QUICK_PROFILES if _QUICK else (TINY.of(2000), TYPICAL.of(80), BUSY.of(12), LARGE.of(1))
_ROUNDS = 3 if _QUICK else 15
_STEPS = {**STAGES, **FLOOR}


@pytest.fixture(scope="module", params=_PROFILES, ids=lambda profile: profile.name)
def material(request: pytest.FixtureRequest) -> Material:
    """The log files of a profile."""
    profile: Profile = request.param
    return Material([path.read_bytes() for path in prepare(profile).paths])


@pytest.mark.parametrize("name", _STEPS)
def test_stage(
    name: str, material: Material, benchmark: BenchmarkFixture, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One stage over all log files of a profile."""
    benchmark.extra_info |= {
        "profile": request.node.callspec.params["material"].name,
        "stage": name,
        "events": material.events,
        "json_bytes": material.json_bytes,
        "log_files": len(material.bodies),
    }
    benchmark.pedantic(_STEPS[name], args=(material, tmp_path), rounds=_ROUNDS, warmup_rounds=1)

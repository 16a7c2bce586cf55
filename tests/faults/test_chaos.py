"""Row 40: a short soak with random kills, as `./scripts/chaos` makes long ones."""

from pathlib import Path

import pytest

from scripts.chaos_world.run import chaos
from scripts.demo_world.moto_server import MotoServer

SECONDS = 30
"""Two of them: a minute of chaos in CI."""


@pytest.mark.parametrize(("output", "seed"), [("disk", 40), ("s3", 41)])
def test_row_40_random_kills_and_a_bad_network_lose_and_double_nothing(
    moto_server: MotoServer, tmp_path: Path, output: str, seed: int
) -> None:
    """Fails when `roll_forward` publishes nothing (`for commit in []`) and when `InFlight.join` always says False."""
    assert chaos(moto_server, tmp_path, seed, SECONDS, output=output) == []

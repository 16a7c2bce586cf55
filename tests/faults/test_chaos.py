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
    """Three of ten messages are sent twice; where nothing holds them, rows are.

    Breaks with `ingester/supervisor/in_flight.py`: `for job in self._by_place.get(place, ()):` → `for job in ():`
    and `ingester/supervisor/admit.py`:
    `(place in committed_places) if identity is None else (identity in committed)` → `False`
    and `ingester/ledger/sqlite_open.py`: `identity BLOB NOT NULL UNIQUE,` → `identity BLOB NOT NULL,`
    and `ingester/ledger/sqlite.py`: `ON CONFLICT (identity) DO NOTHING` → ``.
    """
    assert chaos(moto_server, tmp_path, seed, SECONDS, output=output) == []

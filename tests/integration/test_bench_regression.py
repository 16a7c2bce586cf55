"""The regression guard: no stage loses more than a third of its speed, told against the floor in the same process."""

import json
import subprocess
import sys

from bench.measure import PROJECT_ROOT
from bench.ratios import fallen, read_figures

_ROUNDS = (5, 15, 30)
"""A busy machine makes ratios fall for a moment, never rise: what fell is measured again, more often."""


def measured(rounds: int) -> dict[str, float]:
    """Ratios, in a process that does nothing else."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.ratios", str(rounds)], cwd=PROJECT_ROOT, check=True, capture_output=True
    ).stdout
    ratios: dict[str, float] = json.loads(told)
    return ratios


def test_no_stage_has_lost_a_third_of_its_speed_against_the_floor() -> None:
    committed = read_figures()
    best = dict.fromkeys(committed, 0.0)
    for rounds in _ROUNDS:
        best = {name: max(best[name], ratio) for name, ratio in measured(rounds).items()}
        if not fallen(best, committed):
            break

    assert fallen(best, committed) == {}

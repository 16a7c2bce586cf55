"""What the regression guard calls a fall."""

import json

from bench.ratios import FIGURES, fallen
from bench.stages import STAGES


def test_a_ratio_may_lose_a_third_but_not_more() -> None:
    committed = {"decode": 0.9, "columns": 0.6}

    assert fallen({"decode": 0.61, "columns": 0.41}, committed) == {}
    assert fallen({"decode": 0.59, "columns": 0.41}, committed) == {"decode": (0.59, 0.9)}


def test_a_stage_that_is_not_measured_any_more_has_fallen() -> None:
    assert fallen({}, {"decode": 0.9}) == {"decode": (0.0, 0.9)}


def test_a_stage_that_got_faster_has_not_fallen() -> None:
    assert fallen({"decode": 9.0}, {"decode": 0.9}) == {}


def test_every_stage_has_a_committed_figure() -> None:
    assert json.loads(FIGURES.read_text())["ratios"].keys() == STAGES.keys()

"""How many fetches run at once."""

from ingester.fetch.width import Width


def _run(width: Width, times: int, *, throttled: bool) -> None:
    for _ in range(times):
        width.enter()
        width.leave(throttled=throttled)


def test_a_throttled_fetch_halves_the_width_and_those_under_way_do_not_halve_it_again() -> None:
    width = Width(32)
    for _ in range(32):
        width.enter()
    for _ in range(17):
        width.leave(throttled=True)

    assert width.limit == 16


def test_rounds_that_go_well_widen_it_by_one_and_never_beyond_the_most() -> None:
    width = Width(4)
    _run(width, 20, throttled=True)
    assert width.limit == 1

    _run(width, 1, throttled=False)
    assert width.limit == 2
    _run(width, 100, throttled=False)
    assert width.limit == 4

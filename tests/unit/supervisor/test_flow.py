"""When the intake is held, and when it goes on."""

import pytest

from ingester.supervisor.flow import IN_HAND_MAX, WAITING_MAX, Flow


class Source:
    """Records what an intake is told: it stands for SQS or a listing."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def stop(self) -> None:
        self.told.append("stop")


@pytest.mark.parametrize("most", [(WAITING_MAX, 0), (0, IN_HAND_MAX)])
def test_enough_holds_the_intake_until_half_is_gone(most: tuple[int, int]) -> None:
    source = Source()
    flow = Flow(source)

    flow.measure(*(max(0, amount - 1) for amount in most))
    assert source.told == []
    flow.measure(*most)
    flow.measure(*most)
    assert source.told == ["pause"]
    flow.measure(*(amount // 2 + 1 if amount else 0 for amount in most))
    assert source.told == ["pause"]
    flow.measure(*(amount // 2 for amount in most))
    assert source.told == ["pause", "resume"]


def test_the_intake_goes_on_only_when_no_reason_is_left() -> None:
    source = Source()
    flow = Flow(source)
    flow.hold("output")
    flow.measure(WAITING_MAX, 0)

    flow.go_on("output")
    assert source.told == ["pause"]
    flow.measure(0, 0)
    assert source.told == ["pause", "resume"]


def test_a_reason_is_new_once_until_it_is_gone() -> None:
    flow = Flow(Source())

    assert flow.hold("output")
    assert not flow.hold("output")
    flow.go_on("output")
    assert flow.hold("output")


def test_a_reason_that_never_was_resumes_nothing() -> None:
    source = Source()
    Flow(source).go_on("output")

    assert source.told == []


def test_workers_prepare_at_once_when_too_much_is_in_hand_or_to_see_whether_the_output_is_back() -> None:
    flow = Flow(Source())
    flow.measure(WAITING_MAX, 0)
    assert not flow.wants_flush
    flow.measure(WAITING_MAX, IN_HAND_MAX)
    assert flow.wants_flush
    flow.measure(0, 0)
    assert not flow.wants_flush
    flow.hold("output")
    assert flow.wants_flush

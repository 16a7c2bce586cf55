"""When a run ends: an empty source, a signal, or the end of the grace time."""

from ingester.supervisor.ending import LEAVE_SECONDS, Emptiness, Ending, Phase


def test_the_first_signal_drains_within_the_grace_time() -> None:
    ending = Ending(grace_seconds=30)
    ending.asked_by_signal(100.0)

    assert ending.phase is Phase.DRAINING
    assert ending.is_draining
    assert ending.interrupted
    assert not ending.is_overdue(129.9)
    assert ending.is_overdue(130.0)


def test_the_second_signal_ends_at_once_and_moves_the_deadline_to_now() -> None:
    ending = Ending(grace_seconds=30)
    ending.asked_by_signal(100.0)
    ending.asked_by_signal(101.0)

    assert ending.phase is Phase.ABORTING
    assert ending.is_overdue(101.0)
    assert ending.deadline_seconds == 101.0


def test_further_signals_do_not_move_the_deadline_again() -> None:
    ending = Ending(grace_seconds=30)
    for second in range(5):
        ending.asked_by_signal(100.0 + second)

    assert ending.deadline_seconds == 101.0


def test_a_second_signal_after_the_grace_time_does_not_give_more_time() -> None:
    ending = Ending(grace_seconds=1)
    ending.asked_by_signal(100.0)
    ending.asked_by_signal(103.0)

    assert ending.deadline_seconds == 101.0


def test_without_grace_time_the_first_signal_gives_back_at_once() -> None:
    ending = Ending(grace_seconds=0)
    ending.asked_by_signal(100.0)

    assert ending.is_overdue(100.0)


def test_an_empty_source_drains_and_is_no_interruption() -> None:
    ending = Ending(grace_seconds=30)
    ending.source_is_empty(100.0)

    assert ending.is_draining
    assert not ending.interrupted
    assert not ending.is_overdue(100.0)


def test_a_processor_has_the_grace_time_to_close() -> None:
    ending = Ending(grace_seconds=30, leave_seconds=30)
    ending.source_is_empty(100.0)

    assert not ending.is_overdue(129.0)
    assert ending.is_overdue(130.0)


def test_a_worker_that_does_not_leave_when_nothing_is_left_to_do_is_not_waited_for() -> None:
    ending = Ending(grace_seconds=300)
    ending.source_is_empty(100.0)

    assert ending.is_overdue(100.0 + LEAVE_SECONDS)


def test_a_signal_that_comes_twice_at_once_is_one_signal() -> None:
    ending = Ending(grace_seconds=30)
    ending.asked_by_signal(100.0)
    ending.asked_by_signal(100.02)

    assert ending.phase is Phase.DRAINING
    assert not ending.is_overdue(101.0)


def test_a_signal_during_the_drain_of_an_empty_source_gives_it_at_most_the_grace_time() -> None:
    ending = Ending(grace_seconds=30)
    ending.source_is_empty(99.0)
    ending.asked_by_signal(100.0)

    assert ending.phase is Phase.DRAINING
    assert ending.is_overdue(130.0)
    ending.asked_by_signal(101.0)
    assert ending.phase is Phase.ABORTING


def test_an_empty_source_does_not_slow_down_an_abort() -> None:
    ending = Ending(grace_seconds=30)
    ending.asked_by_signal(100.0)
    ending.asked_by_signal(101.0)
    ending.source_is_empty(102.0)

    assert ending.phase is Phase.ABORTING


def test_a_running_run_is_never_overdue() -> None:
    assert not Ending(grace_seconds=0).is_overdue(1e9)


def test_a_queue_is_empty_after_two_empty_answers_in_a_row() -> None:
    emptiness = Emptiness()

    assert emptiness.should_ask(10.0, is_idle=True)
    assert not emptiness.answered(0, 10.1, is_idle=True)
    assert emptiness.should_ask(11.0, is_idle=True)
    assert emptiness.answered(0, 11.1, is_idle=True)


def test_a_question_is_not_asked_twice_before_its_answer_nor_too_often() -> None:
    emptiness = Emptiness()

    assert emptiness.should_ask(10.0, is_idle=True)
    assert not emptiness.should_ask(1000.0, is_idle=True)
    emptiness.answered(0, 1000.0, is_idle=True)
    assert not emptiness.should_ask(1000.4, is_idle=True)
    assert emptiness.should_ask(1000.5, is_idle=True)


def test_messages_that_somebody_else_holds_are_waited_for() -> None:
    emptiness = Emptiness()

    for answer in (0, 3, 0):
        assert emptiness.should_ask(emptiness.ask_at_seconds, is_idle=True)
        assert not emptiness.answered(answer, emptiness.ask_at_seconds, is_idle=True)
    assert emptiness.answered(0, 100.0, is_idle=True)


def test_a_queue_that_did_not_answer_starts_the_count_again() -> None:
    emptiness = Emptiness()

    for answer in (0, None, 0):
        assert not emptiness.answered(answer, 1.0, is_idle=True)


def test_work_between_two_empty_answers_starts_the_count_again() -> None:
    emptiness = Emptiness()

    emptiness.answered(0, 1.0, is_idle=True)
    assert not emptiness.should_ask(2.0, is_idle=False)
    assert emptiness.should_ask(3.0, is_idle=True)
    assert not emptiness.answered(0, 3.1, is_idle=True)


def test_an_empty_answer_that_finds_work_in_hand_does_not_count() -> None:
    emptiness = Emptiness()

    emptiness.answered(0, 1.0, is_idle=True)
    assert not emptiness.answered(0, 2.0, is_idle=False)
    assert not emptiness.answered(0, 3.0, is_idle=True)

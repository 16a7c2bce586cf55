"""What goes wrong in a chaos run is known before it starts."""

import signal

from scripts.chaos_world.deeds import NetworkFault, Signal, deeds


def test_the_same_seed_does_the_same_harm() -> None:
    assert list(deeds(7, 60, output="s3")) == list(deeds(7, 60, output="s3"))
    assert list(deeds(7, 60, output="s3")) != list(deeds(8, 60, output="s3"))


def test_everything_is_killed_stopped_and_told_to_end_and_every_call_meets_a_fault() -> None:
    done = list(deeds(1, 1_800, output="s3"))

    signals = {(deed.what.number, deed.what.which < 0) for deed in done if isinstance(deed.what, Signal)}
    calls = {deed.what.operation for deed in done if isinstance(deed.what, NetworkFault)}
    assert signals == {
        (number, is_supervisor)
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)
        for is_supervisor in (True, False)
    }
    assert {"GetObject", "ReceiveMessage", "DeleteMessageBatch", "CompleteMultipartUpload", "UploadPart"} <= calls
    assert [deed.at_seconds for deed in done] == sorted(deed.at_seconds for deed in done)
    assert done[-1].at_seconds < 1_800


def test_the_middle_half_of_a_run_spares_the_supervisors_life() -> None:
    in_the_middle = [deed.what for deed in deeds(1, 1_800, output="disk") if 450 <= deed.at_seconds < 1_350]

    on_supervisor = [what.number for what in in_the_middle if isinstance(what, Signal) and what.which < 0]
    assert set(on_supervisor) == {signal.SIGSTOP}

"""The executor itself: how it starts, ends, and what it refuses."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingester import CloudTrailEvent, ConfigurationError, ProcessingExecutor, Settings, Source
from tests.support import processors
from tests.support.library import Taken, records
from tests.support.processors import DIRECTORY, kept
from tests.support.waiting import wait_until

Write = Callable[[str, Any], Path]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `tests.support.processors` keep what they get."""
    directory = tmp_path / "kept"
    directory.mkdir()
    monkeypatch.setenv(DIRECTORY, str(directory))
    return directory


@pytest.mark.parametrize(
    "process",
    [
        "tests.support.processors:keep",
        str(Path(processors.__file__)) + ":keep",
        processors.keep,
        processors.Keeper,
        "tests.support.processors:Keeper",
        processors.keep_later,
    ],
    ids=["name", "file", "function", "class", "name of a class", "async"],
)
def test_importable_functions_run_in_processes(write: Write, source: Path, directory: Path, process: Any) -> None:
    write("a", records(2))
    with ProcessingExecutor(process, Settings(source=str(source), workers=1)) as executor:
        executor.wait()

    (call,) = kept(directory)
    assert call["names"] == ["Event0", "Event1"]
    assert call["pid"] != os.getpid()
    assert executor.counts.events == 2


def test_a_function_runs_in_several_processes_at_once(write: Write, source: Path, directory: Path) -> None:
    """No call returns before there is another process."""
    for number in range(40):
        write(f"{number:02}", records(2, first=2 * number))
    with ProcessingExecutor(processors.keep_together, Settings(source=str(source), workers=2)) as executor:
        executor.wait()

    calls = kept(directory)
    assert sorted(name for call in calls for name in call["names"]) == sorted(f"Event{n}" for n in range(80))
    assert len({call["pid"] for call in calls}) == 2


def test_filters_and_failures_cross_processes_with_their_cause(write: Write, source: Path, directory: Path) -> None:
    write("a", records(5))
    write("b", records(2, first=12))
    told: list[Any] = []
    with ProcessingExecutor(
        processors.fail,
        Settings(source=str(source), workers=1, max_attempts=1, exclude=("eventName=Event0",)),
        event_filter=processors.not_three,
        exception_handler=lambda error, context: told.append((error, context)),
    ) as executor:
        executor.wait()

    assert [call["names"] for call in kept(directory)] == [["Event1", "Event2", "Event4"]]
    ((error, context),) = told
    assert error.cause_type == "KeyError"
    assert "the thirteenth" in error.traceback
    assert context.log_file.key.endswith("b.json.gz")
    assert executor.counts.events_filtered == 2


def test_an_importable_name_without_workers_given_uses_all_cores(write: Write, source: Path, directory: Path) -> None:
    write("a", records(1))
    with ProcessingExecutor("tests.support.processors:keep", Settings(source=str(source))) as executor:
        executor.wait()
    assert len(kept(directory)) == 1


@pytest.mark.parametrize(
    ("process", "says"),
    [
        (lambda _: None, "has no name"),
        (functools.partial(processors.keep), "has no name"),
        (Taken(), "has no name"),
        ("tests.support.processors:nothing", "has no 'nothing'"),
        ("tests.support.nothing:keep", "There is no module tests.support.nothing"),
        ("keep", "names no function"),
        ("nowhere.py:keep", "There is no file nowhere.py"),
    ],
)
def test_a_function_without_a_name_in_other_processes_is_refused_in_one_sentence(
    source: Path, process: Any, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as refused:
        ProcessingExecutor(process, Settings(source=str(source), workers=2)).start()
    if not isinstance(process, str):
        assert "workers=0" in str(refused.value)


def test_threads_call_a_function_at_once(write: Write, source: Path) -> None:
    """Each call waits for the other: with fewer than two at once none would return."""
    for number in range(2):
        write(str(number), records(1))
    both = threading.Barrier(2, timeout=20)
    with ProcessingExecutor(lambda _: both.wait(), Settings(source=str(source), threads=2)) as executor:
        executor.wait()
    assert executor.counts.events == 2
    assert not executor.counts.failures


def test_an_async_function_is_awaited_on_one_loop_a_worker(write: Write, source: Path) -> None:
    write("a", records(4))
    loops: list[object] = []
    taken = Taken()

    async def process(events: list[CloudTrailEvent]) -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        taken(events)

    with ProcessingExecutor(process, Settings(source=str(source), max_events_per_emit=1)) as executor:
        executor.wait()
    assert taken.names == ["Event0", "Event1", "Event2", "Event3"]
    assert len(set(map(id, loops))) == 1


def test_an_object_with_a_method_process_takes_events(write: Write, source: Path) -> None:
    class Processor:
        def __init__(self) -> None:
            self.taken = Taken()

        def process(self, events: list[CloudTrailEvent]) -> None:
            self.taken(events)

    write("a", records(2))
    processor = Processor()
    with ProcessingExecutor(processor, Settings(source=str(source))) as executor:
        executor.wait()
    assert processor.taken.names == ["Event0", "Event1"]


def test_two_executors_run_in_one_process_at_once(write: Write, source: Path, tmp_path: Path) -> None:
    write("a", records(1))
    first, second = Taken(), Taken()
    both = threading.Barrier(2, timeout=20)

    def of(taken: Taken) -> ProcessingExecutor:
        def process(events: list[CloudTrailEvent]) -> None:
            both.wait()
            taken(events)

        return ProcessingExecutor(process, Settings(source=str(source)))

    with of(first) as one, of(second) as other:
        one.wait()
        other.wait()
    assert first.names == second.names == ["Event0"]


def test_an_executor_works_in_any_thread_and_leaves_signals_alone(write: Write, source: Path) -> None:
    write("a", records(1))
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    seen: list[object] = []
    taken = Taken()

    def use() -> None:
        with ProcessingExecutor(taken, Settings(source=str(source))) as executor:
            seen.append((signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)))
            executor.wait()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(20)
    assert taken.names == ["Event0"]
    assert seen == [before]


def test_stop_waits_for_the_function_that_runs_and_begins_no_other(write: Write, source: Path) -> None:
    for number in range(5):
        write(str(number), records(1, first=number))
    runs, may_return = threading.Event(), threading.Event()
    taken = Taken()

    def process(events: list[CloudTrailEvent]) -> None:
        runs.set()
        assert may_return.wait(20)
        taken(events)

    executor = ProcessingExecutor(process, Settings(source=str(source)))
    executor.start()
    assert runs.wait(20)
    stopping = threading.Thread(target=executor.stop)
    stopping.start()
    assert not executor.wait(0.5)
    may_return.set()
    stopping.join(20)

    assert not executor.is_running
    assert len(taken.events) == 1
    assert executor.counts.events == 1


def test_a_function_that_never_returns_holds_stop_up_no_longer_than_the_grace_time(
    write: Write, source: Path
) -> None:
    write("a", records(2))
    runs, never = threading.Event(), threading.Event()
    calls: list[int] = []

    def process(events: list[CloudTrailEvent]) -> None:
        calls.append(len(events))
        runs.set()
        never.wait(60)

    executor = ProcessingExecutor(process, Settings(source=str(source), grace_seconds=0.2, max_events_per_emit=1))
    executor.start()
    assert runs.wait(20)
    executor.stop()
    assert executor.counts.events == 0
    never.set()
    wait_until(lambda: not any(t.name == "ingester-worker-0" for t in threading.enumerate()), what="the thread's end")
    assert calls == [1]


def test_stop_from_within_the_function_asks_for_the_end(write: Write, source: Path) -> None:
    for number in range(3):
        write(str(number), records(1))
    executor = ProcessingExecutor(lambda _: executor.stop(), Settings(source=str(source)))
    with executor:
        assert executor.wait(20)
    assert executor.counts.events >= 1


def test_nothing_is_left_behind(write: Write, source: Path) -> None:
    write("a", records(1))
    before = set(threading.enumerate())
    for _ in range(3):
        with ProcessingExecutor(Taken(), Settings(source=str(source))) as executor:
            executor.wait()
    wait_until(lambda: set(threading.enumerate()) <= before, what="the end of all threads")
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with ProcessingExecutor(Taken(), Settings(source=str(source))) as executor:
        executor.wait()
    wait_until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= descriptors, what="the descriptors")


def test_a_source_filter_sees_each_log_file_and_what_it_drops_is_counted(write: Write, source: Path) -> None:
    write("a", records(1))
    path = write("b", records(1, first=1))
    seen: list[Source] = []

    def source_filter(announced: Source) -> bool:
        seen.append(announced)
        return announced.log_files[0].key == str(path)

    taken = Taken()
    with ProcessingExecutor(taken, Settings(source=str(source)), source_filter=source_filter) as executor:
        executor.wait()
    assert taken.names == ["Event1"]
    assert len(seen) == 2
    assert executor.counts.sources_filtered == 1


def test_a_state_directory_remembers_what_was_done(write: Write, source: Path, tmp_path: Path) -> None:
    write("a", records(1))
    state = str(tmp_path / "state")
    for expected in (1, 0):
        taken = Taken()
        with ProcessingExecutor(taken, Settings(source=str(source), state_dir=state)) as executor:
            executor.wait()
        assert len(taken.events) == expected
    assert executor.counts.already_committed == 1


def test_an_executor_runs_once() -> None:
    executor = ProcessingExecutor(Taken(), Settings(source="/nowhere"))
    with pytest.raises(ConfigurationError, match="nowhere"):
        executor.start()
    with pytest.raises(RuntimeError, match="runs once"):
        executor.start()
    executor.stop()


@pytest.mark.parametrize("settings", [Settings(), Settings(queue_url="https://q", source="/tmp")])
def test_settings_name_queues_or_a_source(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="either queues or a source"):
        ProcessingExecutor(Taken(), settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"queue_url": "trail"}, "Give Settings.queue_urls as SQS shows it"),
        ({"queue_url": "https://q/1/q"}, "Give Settings.region, or set AWS_DEFAULT_REGION"),
        ({"source": "/tmp", "output": "s3://lake/x"}, "Give Settings.state_dir a directory"),
    ],
)
def test_what_must_be_mended_is_named_as_the_library_calls_it(
    settings: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "some")
    with pytest.raises(ConfigurationError) as raised:
        ProcessingExecutor(Taken(), Settings(**settings)).start()

    assert says in str(raised.value)
    assert "--" not in str(raised.value)


def test_what_can_not_take_events_is_refused(write: Write, source: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't process events"):
        ProcessingExecutor(7, Settings(source=str(source)))  # type: ignore[arg-type]


def test_a_generator_in_disguise_loses_no_event(write: Write, source: Path) -> None:
    """It can't be told before it is called: then nothing of it has run, and its events don't count as taken."""
    write("a", records(1))

    def process(events: list[CloudTrailEvent]) -> Any:
        return (event.event_name for event in events)

    with ProcessingExecutor(process, Settings(source=str(source), max_attempts=1)) as executor:
        executor.wait()
    assert executor.counts.events == 0
    (entry,) = executor.counts.quarantined
    assert "returned a generator, so nothing of it has run" in entry.reason


def test_a_program_without_a_guard_is_told_to_guard_its_start(write: Write, source: Path, tmp_path: Path) -> None:
    """Worker processes import the program for its function: that must not start another executor."""
    write("a", records(1))
    program = tmp_path / "program.py"
    program.write_text(
        "from ingester import ProcessingExecutor, Settings\n"
        "def process(events): pass\n"
        f"with ProcessingExecutor(process, Settings(source={str(source)!r}, workers=1)) as executor:\n"
        "    executor.wait()\n"
    )
    ran = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert 'Put what starts the executor under `if __name__ == "__main__":`.' in ran.stderr.splitlines()[-1]

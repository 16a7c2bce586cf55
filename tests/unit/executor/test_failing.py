"""Functions that raise: told with their cause, tried again, and no other log file pays."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingester import (
    CloudTrailEvent,
    ConfigurationError,
    Decision,
    ErrorContext,
    FunctionError,
    IngesterError,
    ProcessingExecutor,
    ProcessingStoppedError,
    ProgressState,
    Settings,
)
from tests.support import processors
from tests.support.library import Taken, records

Write = Callable[[str, Any], Path]


class Trouble(Taken):
    """Raises over events of one log file, the first `times` times."""

    def __init__(self, file_name: str, times: int = 1_000) -> None:
        super().__init__()
        self.file_name = file_name
        self.left = times

    def __call__(self, events: list[CloudTrailEvent]) -> None:
        if self.file_name in events[0].log_file.key and self.left:
            self.left -= 1
            raise KeyError("no such principal")
        super().__call__(events)


class Handler:
    """An exception handler that decides always alike, and remembers what it was told."""

    def __init__(self, decision: Decision | None) -> None:
        self.decision = decision
        self.told: list[tuple[IngesterError, ErrorContext]] = []

    def __call__(self, error: IngesterError, context: ErrorContext) -> Decision | None:
        self.told.append((error, context))
        return self.decision


def run(process: Any, source: Path, *, wait: bool = True, **more: Any) -> ProcessingExecutor:
    """An executor over the source, at its end."""
    hooks = {name: more.pop(name) for name in ("exception_handler", "event_filter", "source_filter") if name in more}
    with ProcessingExecutor(process, Settings(source=str(source), **more), **hooks) as executor:
        executor.wait()
    return executor


def test_a_log_file_whose_events_were_not_taken_comes_again_and_the_others_go_on(write: Write, source: Path) -> None:
    for name in ("a", "bad", "c"):
        write(name, records(2))
    taken = Trouble("bad", times=2)
    executor = run(taken, source)

    assert Counter(Path(event.log_file.key).name for event in taken.events) == {
        "a.json.gz": 2, "bad.json.gz": 2, "c.json.gz": 2,
    }  # fmt: skip
    assert executor.counts.failures == {"function": 2}
    assert not executor.counts.quarantined


def test_what_a_function_raised_is_told_with_its_cause_its_line_and_its_context(write: Write, source: Path) -> None:
    path = write("bad", records(1))
    handler = Handler(None)
    run(Trouble("bad", times=1), source, exception_handler=handler)

    ((error, context),) = handler.told
    assert isinstance(error, FunctionError)
    assert error.function == "process"
    assert error.cause_type == "KeyError"
    assert isinstance(error.__cause__, KeyError)
    assert "no such principal" in str(error)
    assert f"{Path(__file__).name}, line" in str(error)
    assert "Traceback" in error.traceback
    assert context.state is ProgressState.PROCESS_LOG
    assert context.log_file is not None
    assert context.log_file.key == str(path)
    assert context.source is not None
    assert context.source.log_files == (context.log_file,)
    assert (context.attempt, context.attempts_max) == (1, 5)


def test_after_its_attempts_a_log_file_is_quarantined_with_the_cause(write: Write, source: Path) -> None:
    write("bad", records(1))
    executor = run(Trouble("bad"), source, max_attempts=2)

    (entry,) = executor.counts.quarantined
    assert entry.attempts == 2
    assert "process raised KeyError" in entry.reason


def test_a_handler_can_skip_at_once(write: Write, source: Path) -> None:
    write("bad", records(1))
    write("good", records(1))
    handler = Handler(Decision.QUARANTINE)
    taken = Trouble("bad")
    executor = run(taken, source, exception_handler=handler)

    assert len(handler.told) == 1
    assert len(executor.counts.quarantined) == 1
    assert len(taken.events) == 1


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("process", [processors.Unmade, "tests.support.processors:Unmade"], ids=["class", "name"])
def test_a_class_whose_constructor_raises_ends_the_run_with_what_it_raised(
    write: Write, source: Path, process: Any, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    write("a", records(1))
    executor = ProcessingExecutor(process, Settings(source=str(source), workers=workers))
    executor.start()
    with pytest.raises(ConfigurationError, match=r"Unmade\(\) raised LookupError: no DATABASE_URL") as raised:
        executor.wait(30)

    assert not any(record.exc_info for record in caplog.records)
    if workers == 0:
        assert isinstance(raised.value.__cause__, LookupError)


def test_a_handler_can_stop_the_run(write: Write, source: Path) -> None:
    write("bad", records(1))
    executor = ProcessingExecutor(
        Trouble("bad"), Settings(source=str(source)), exception_handler=Handler(Decision.STOP)
    )
    executor.start()
    with pytest.raises(ProcessingStoppedError, match="process raised KeyError") as stopped:
        executor.wait()

    assert isinstance(stopped.value.__cause__, FunctionError)
    assert not executor.is_running
    executor.stop()  # once is enough


def test_a_handler_that_raises_or_answers_nonsense_is_as_none(
    write: Write, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write("bad", records(1))
    answers = iter(["nonsense"])
    taken = Trouble("bad", times=2)
    run(taken, source, exception_handler=lambda _, __: next(answers))

    assert len(taken.events) == 1
    assert "no Decision" in caplog.text
    assert "StopIteration" in caplog.text


def test_a_filter_that_raises_fails_its_log_file_alone_and_names_the_record(write: Write, source: Path) -> None:
    write("a", records(3))
    write("b", records(2))
    handler = Handler(Decision.QUARANTINE)
    taken = Taken()

    def event_filter(event: CloudTrailEvent) -> bool:
        return len(event.event_name or "") / (event.event_name != "Event2") > 0

    run(taken, source, exception_handler=handler, event_filter=event_filter)

    ((error, _),) = handler.told
    assert isinstance(error, FunctionError)
    assert error.function == "event_filter"
    assert "ZeroDivisionError for record 2" in str(error)
    assert taken.names == ["Event0", "Event1"]


def test_a_source_filter_that_raises_is_told_and_can_be_skipped(write: Write, source: Path) -> None:
    write("a", records(1))
    write("b", records(1))
    handler = Handler(Decision.QUARANTINE)
    taken = Taken()

    def source_filter(announced: Any) -> bool:
        return bool({"a": 1}[Path(announced.log_files[0].key).name[0]])

    run(taken, source, exception_handler=handler, source_filter=source_filter)

    ((error, context),) = handler.told
    assert isinstance(error, FunctionError)
    assert error.function == "source_filter"
    assert context.state is ProgressState.PROCESS_SOURCE
    assert len(taken.events) == 1


def test_a_function_that_calls_exit_ends_nothing_but_its_attempt(write: Write, source: Path) -> None:
    write("a", records(1))
    taken = Taken()
    exits = iter([True])

    def process(events: list[CloudTrailEvent]) -> None:
        if next(exits, False):
            raise SystemExit(3)
        taken(events)

    run(process, source)
    assert taken.names == ["Event0"]


def test_hooks_run_in_one_thread_of_this_process_and_functions_in_another(write: Write, source: Path) -> None:
    write("bad", records(1))
    threads: dict[str, str] = {}

    def handler(error: IngesterError, context: ErrorContext) -> None:
        threads["handler"] = threading.current_thread().name

    def source_filter(announced: Any) -> bool:
        threads["source"] = threading.current_thread().name
        return True

    def process(events: list[CloudTrailEvent]) -> None:
        threads["process"] = threading.current_thread().name
        raise ValueError

    run(process, source, exception_handler=handler, source_filter=source_filter, max_attempts=1)
    assert threads["handler"] == threads["source"] == "ingester-hooks"
    assert threads["process"] == "ingester-worker-0"


def test_a_reporter_that_raises_changes_nothing(write: Write, source: Path, caplog: pytest.LogCaptureFixture) -> None:
    write("a", records(2))
    taken = Taken()

    class Raising:
        def report_start(self, _status: Any) -> object:
            raise ValueError("at the start")

        def report_end(self, _status: Any, _token: object) -> None:
            raise KeyboardInterrupt

    with ProcessingExecutor(taken, Settings(source=str(source)), progress_reporter=Raising()) as executor:
        executor.wait()
    assert len(taken.events) == 2
    assert "the progress reporter raised at the start of processLog" in caplog.text
    assert "the progress reporter raised at the end of processLog" in caplog.text


def test_stop_from_within_a_hook_asks_for_the_end(write: Write, source: Path) -> None:
    for name in "abc":
        write(name, records(1))
    executors: list[ProcessingExecutor] = []

    def handler(error: IngesterError, context: ErrorContext) -> Decision:
        executors[0].stop()
        return Decision.QUARANTINE

    def process(events: list[CloudTrailEvent]) -> None:
        raise ValueError

    executors.append(ProcessingExecutor(process, Settings(source=str(source)), exception_handler=handler))
    executors[0].start()
    assert executors[0].wait(30)
    assert not executors[0].is_running
    assert executors[0].counts.events == 0


def test_a_function_that_is_interrupted_fails_its_log_file_alone(write: Write, source: Path) -> None:
    for name in "ab":
        write(name, records(1))
    taken = Taken()
    interrupts = iter([True])

    def process(events: list[CloudTrailEvent]) -> None:
        if next(interrupts, False):
            raise KeyboardInterrupt
        taken(events)

    executor = run(process, source)
    assert len(taken.events) == 2
    assert executor.counts.failures == {"function": 1}

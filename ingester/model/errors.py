"""One tree of errors, by what must happen next.

    IngesterError
    ├── ConfigurationError      the user must mend something before a run can start or go on: exit code 2
    │   └── ProcessorUnusableError  a user's class can't be made into an object
    ├── OutputError             the output can't be written now: stop receiving, acknowledge nothing, try again
    ├── FetchError              one log file could not be fetched: `passing` says whether it counts as an attempt
    ├── BadLogFileError         one log file can't be read: nothing of it is committed, quarantined in the end
    ├── BadRecordError          one record of a log file can't be read: quarantined, the others go on
    ├── FunctionError           a user's function raised: its log file is tried again, quarantined in the end
    ├── WorkerDiedError         a worker died: what it held starts over
    ├── UnknownNotificationError  a message that nobody understands: left to the queue's redrive policy
    ├── UnverifiedMessageError  a message that is not proven to be SNS's: never acted on, left to the redrive policy
    ├── CertificateUnavailableError  what would prove it can't be had now: the message waits
    ├── LedgerConflictError     a commit claims a log file that another commit has: re-made without it
    ├── LakeDamagedError        a committed data file is neither staged nor published: a person must look
    ├── LakeTakenOverError      another ingester has claimed the lake since: this one ends, and touches nothing more
    └── ProcessingStoppedError  an exception handler decided to end the run

Each message says what happened and to what; `hint` says what to do. Raise where the fact is known, catch where
the decision is made, once.
"""

from collections.abc import Callable


class IngesterError(Exception):
    """Base of all our errors. `str` of one says what happened and, after that, what to do about it.

    `hint`: only the latter, one sentence, or empty. `passing`: the same may work later with nothing mended.
    """

    def __init__(self, message: str, *, hint: str = "", passing: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.passing = passing

    def reword(self, words: Callable[[str], str]) -> None:
        """Say the same in other words: those of whoever is told."""
        self.args = (words(self.args[0]), *self.args[1:])
        self.hint = words(self.hint)

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.hint}" if self.hint else message


class ConfigurationError(IngesterError):
    """Settings, credentials, a queue or an output that a run can't start with."""


class ProcessorUnusableError(ConfigurationError):
    """A user's class raised when an object of it was made."""

    def reword(self, words: Callable[[str], str]) -> None:
        """The words are the user's own: they stay."""


class OutputError(IngesterError):
    """The lake or the ledger can't be written at the moment: disk full, 503, permission."""


class FetchError(IngesterError):
    """A log file could not be fetched.

    `passing`: it says nothing about the log file (no answer, a server's error, credentials that ran out), so it is
    no attempt. `throttled`: that too, and slow down.
    """

    def __init__(self, message: str, *, hint: str = "", throttled: bool = False, passing: bool = False) -> None:
        super().__init__(message, hint=hint, passing=passing or throttled)
        self.throttled = throttled


class BadLogFileError(IngesterError):
    """The bytes of a log file are not a CloudTrail log file: not gzip, cut short, not JSON, no Records."""


class BadRecordError(IngesterError):
    """A record of a log file can't be read at all. `raw_bytes`: the record as delivered, at most its first MB."""

    def __init__(self, message: str, *, hint: str = "", raw_bytes: bytes = b"") -> None:
        super().__init__(message, hint=hint)
        self.raw_bytes = raw_bytes


class FunctionError(IngesterError):
    """A function of the user raised. `__cause__` is what it raised, where that happened in this process.

    `function` is "process", "event_filter" or "source_filter"; `cause_type` the exception's type by its full name,
    and `traceback` its traceback as text, wherever it was raised.
    """

    def __init__(
        self, message: str, *, hint: str = "", function: str = "process", cause_type: str = "", traceback: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.function = function
        self.cause_type = cause_type
        self.traceback = traceback

    def reword(self, words: Callable[[str], str]) -> None:
        """The words are the user's own: they stay."""


class WorkerDiedError(IngesterError):
    """A worker ended without being asked to; what it held starts over."""


class ProcessingStoppedError(IngesterError):
    """An exception handler decided to end the run. `__cause__` is the error that it was asked about."""


class UnknownNotificationError(IngesterError):
    """A message body in none of the known forms."""


class UnverifiedMessageError(IngesterError):
    """A message whose SNS signature is missing or wrong, where `verify_sns` asks for one."""


class CertificateUnavailableError(IngesterError):
    """The certificate with which SNS signed can't be downloaded now. It says nothing about the message."""


Doubt = UnverifiedMessageError | CertificateUnavailableError
"""Why a message is not believed: for good, or until the certificate can be had."""


class LedgerConflictError(IngesterError):
    """Log files of a commit that the ledger holds already. `identities`: which ones."""

    def __init__(self, message: str, identities: frozenset[bytes]) -> None:
        super().__init__(message)
        self.identities = identities


class LakeTakenOverError(IngesterError):
    """Another ingester has claimed the lake while this one worked on it."""


class LakeDamagedError(IngesterError):
    """A committed data file exists neither where it was staged nor where it is published."""

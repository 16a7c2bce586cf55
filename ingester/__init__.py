"""CloudTrail log files from a busy SQS queue: to partitioned Parquet, exactly once, or to your function.

    from ingester import ProcessingExecutor, Settings

    def process(events):
        for event in events:
            print(event.event_time, event.event_name, event.user_identity.arn)

    with ProcessingExecutor(process, Settings(queue_url=QUEUE_URL)) as executor:
        executor.wait()

This is all of the public API. Each name is imported when it is first used: a worker process, which imports this
package too, does not pay for what it does not need.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingester.executor.executor import Process, ProcessingExecutor
    from ingester.model.errors import (
        BadLogFileError,
        BadRecordError,
        CertificateUnavailableError,
        ConfigurationError,
        FetchError,
        FunctionError,
        IngesterError,
        OutputError,
        ProcessingStoppedError,
        UnknownNotificationError,
        UnverifiedMessageError,
        WorkerDiedError,
    )
    from ingester.model.event import CloudTrailEvent
    from ingester.model.event_parts import (
        Addendum,
        EdgeDeviceDetails,
        InScopeOf,
        InsightAttribution,
        InsightAverage,
        InsightContext,
        InsightDetails,
        InsightStatistics,
        InsightValue,
        InvokedByDelegate,
        OnBehalfOf,
        Resource,
        SessionAttributes,
        SessionContext,
        SessionIssuer,
        TimeWindow,
        TlsDetails,
        UserIdentity,
        WebIdFederationData,
    )
    from ingester.model.hooks import (
        Decision,
        ErrorContext,
        EventFilter,
        EventsFunction,
        EventsProcessor,
        ExceptionHandler,
        SourceFilter,
    )
    from ingester.model.log_file import LogFile
    from ingester.model.notification import Notification, NotificationKind
    from ingester.model.progress import (
        LogInfo,
        MessageInfo,
        PollQueueInfo,
        ProgressInfo,
        ProgressReporter,
        ProgressState,
        ProgressStatus,
        SourceInfo,
    )
    from ingester.model.quarantine import QuarantinedLogFile
    from ingester.model.settings import Settings
    from ingester.model.source import Source
    from ingester.notifications.read import PARSERS, Parser
    from ingester.supervisor.counts import Counts

__all__ = [
    "PARSERS",
    "Addendum",
    "BadLogFileError",
    "BadRecordError",
    "CertificateUnavailableError",
    "CloudTrailEvent",
    "ConfigurationError",
    "Counts",
    "Decision",
    "EdgeDeviceDetails",
    "ErrorContext",
    "EventFilter",
    "EventsFunction",
    "EventsProcessor",
    "ExceptionHandler",
    "FetchError",
    "FunctionError",
    "InScopeOf",
    "IngesterError",
    "InsightAttribution",
    "InsightAverage",
    "InsightContext",
    "InsightDetails",
    "InsightStatistics",
    "InsightValue",
    "InvokedByDelegate",
    "LogFile",
    "LogInfo",
    "MessageInfo",
    "Notification",
    "NotificationKind",
    "OnBehalfOf",
    "OutputError",
    "Parser",
    "PollQueueInfo",
    "Process",
    "ProcessingExecutor",
    "ProcessingStoppedError",
    "ProgressInfo",
    "ProgressReporter",
    "ProgressState",
    "ProgressStatus",
    "QuarantinedLogFile",
    "Resource",
    "SessionAttributes",
    "SessionContext",
    "SessionIssuer",
    "Settings",
    "Source",
    "SourceFilter",
    "SourceInfo",
    "TimeWindow",
    "TlsDetails",
    "UnknownNotificationError",
    "UnverifiedMessageError",
    "UserIdentity",
    "WebIdFederationData",
    "WorkerDiedError",
]

_HOMES = {
    "ingester.executor.executor": "Process ProcessingExecutor",
    "ingester.model.errors": (
        "BadLogFileError BadRecordError CertificateUnavailableError ConfigurationError FetchError FunctionError "
        "IngesterError OutputError ProcessingStoppedError UnknownNotificationError UnverifiedMessageError "
        "WorkerDiedError"
    ),
    "ingester.model.event": "CloudTrailEvent",
    "ingester.model.event_parts": (
        "Addendum EdgeDeviceDetails InScopeOf InsightAttribution InsightAverage InsightContext InsightDetails "
        "InsightStatistics InsightValue InvokedByDelegate OnBehalfOf Resource SessionAttributes SessionContext "
        "SessionIssuer TimeWindow TlsDetails UserIdentity WebIdFederationData"
    ),
    "ingester.model.hooks": (
        "Decision ErrorContext EventFilter EventsFunction EventsProcessor ExceptionHandler SourceFilter"
    ),
    "ingester.model.log_file": "LogFile",
    "ingester.model.notification": "Notification NotificationKind",
    "ingester.model.progress": (
        "LogInfo MessageInfo PollQueueInfo ProgressInfo ProgressReporter ProgressState ProgressStatus SourceInfo"
    ),
    "ingester.model.quarantine": "QuarantinedLogFile",
    "ingester.model.settings": "Settings",
    "ingester.model.source": "Source",
    "ingester.notifications.read": "PARSERS Parser",
    "ingester.supervisor.counts": "Counts",
}
"""Module → the names that it lends to this one."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for module, names in _HOMES.items():
            if name in names.split():
                from importlib import import_module

                value = globals()[name] = getattr(import_module(module), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

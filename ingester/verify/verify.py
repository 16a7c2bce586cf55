"""A whole verify: lock, rebuild or repair if asked, then every check."""

from collections.abc import Callable

from ingester.lake.claim import claim_by_force, claim_lake, is_of
from ingester.lake.lake_files import open_lake_files
from ingester.lake.open import open_lake
from ingester.ledger.open import ledger_path
from ingester.ledger.sqlite import SqliteLedger
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings
from ingester.verify.compare import compare_with_source
from ingester.verify.findings import Report
from ingester.verify.lake_check import (
    check_commits,
    check_ledger,
    check_leftovers,
    check_quarantine,
    check_strays,
    repair,
)
from ingester.verify.rebuild import open_or_replace, rebuild


def tick_nothing(report: Report) -> None:
    """What a verify that nobody watches calls after each commit."""


def verify(
    settings: Settings,
    *,
    source: str | None = None,
    repairs: bool = False,
    rebuilds: bool = False,
    on_tick: Callable[[Report], None] = tick_nothing,
) -> Report:
    """Hold the lake of `settings.output` against its ledger, and against the log files of `source` if given.

    Takes the lake's lock, as commits under way would look like faults. Nothing is changed, unless `repairs`
    (publish what is committed, remove what was staged for nothing) or `rebuilds` (restore the ledger from the data
    files). Raises ConfigurationError: no lake there, no ledger, or not the lake's, or an ingester works on it; and
    OutputError: can't be read.
    """
    report = Report()
    lake, files, path = open_lake(settings), open_lake_files(settings), ledger_path(settings)
    if not files.exists():
        raise ConfigurationError(f"There is no lake in {settings.output}.", hint="Give the output of an ingester.")
    if not rebuilds and not path.exists():
        raise ConfigurationError(
            f"There is no ledger {path}.",
            hint="Give the --state-dir that the ingester had; if the ledger is lost, add --rebuild-ledger.",
        )
    with lake.lock():
        ledger = open_or_replace(path, lake, settings, report) if rebuilds else SqliteLedger(path)
        try:
            check_ledger(ledger, report, str(path))
            # until all is in a ledger that is made anew, the lake does not belong to it
            forced = claim_by_force(lake, settings) if rebuilds and not is_of(lake, ledger, settings) else None
            if forced is None:
                claim_lake(lake, ledger, settings)
            if repairs or rebuilds:
                repair(ledger, lake, report)
            if rebuilds:
                rebuild(ledger, files, report)
            if forced is not None:
                ledger.note_claims([forced.claim_id])
            can_be_read = check_commits(ledger, files, report, lambda: on_tick(report))
            check_strays(ledger, files, report)
            check_leftovers(ledger, files, report)
            check_quarantine(lake, report)
            if source is not None and can_be_read:
                compare_with_source(source, settings, ledger, lake, files, report, lambda: on_tick(report))
        finally:
            ledger.close()
    return report

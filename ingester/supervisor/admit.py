"""From received messages and listed log files to jobs: what is new, what is in already, what is none of ours."""

from collections.abc import Iterable, Sequence

from ingester.ledger.base import Ledger
from ingester.model.errors import UnknownNotificationError
from ingester.model.log_file import LogFile
from ingester.model.message import Message
from ingester.model.notification import Notification
from ingester.notifications.read import PARSERS, Parser, read_notification
from ingester.supervisor.counts import Counts
from ingester.supervisor.in_flight import InFlight, Ticket


def understand(message: Message, counts: Counts, parsers: Sequence[Parser] = PARSERS) -> Notification:
    """What a message announces, counted. Raises UnknownNotificationError if it is in no form that a parser knows."""
    counts.messages += 1
    try:
        notification = read_notification(message.body, parsers)
    except UnknownNotificationError:
        counts.notifications["unknown"] += 1
        raise
    except Exception as error:  # a parser of the user's
        counts.notifications["unknown"] += 1
        raise UnknownNotificationError(f"A notification parser raised {type(error).__name__}: {error}.") from error
    counts.notifications[notification.kind] += 1
    counts.digests_skipped += notification.digests
    counts.others_skipped += notification.other_skipped
    return notification


def admit(
    announced: Sequence[tuple[Ticket, Iterable[LogFile]]], in_flight: InFlight, ledger: Ledger, counts: Counts
) -> list[Ticket]:
    """Make jobs of the log files that are neither committed nor on their way.

    The tickets that wait for nothing, as all their log files are in already. One question to the ledger for all.
    What is on its way is waited for even if the ledger has it: committed is not yet published. Raises OutputError
    if the ledger can't be read, and then nothing has changed.
    """
    found = [
        (ticket, log_file, log_file.place, log_file.identity if log_file.etag is not None else None)
        for ticket, some in announced
        for log_file in some
    ]
    identities = {identity for *_, identity in found if identity is not None}
    places = {place for _, _, place, identity in found if identity is None}
    committed = ledger.committed(identities) if identities else frozenset()
    committed_places = ledger.committed_places(places) if places else frozenset()
    counts.log_files_found += len(found)
    for ticket, log_file, place, identity in found:
        if in_flight.join(ticket, log_file, place):
            continue
        if (place in committed_places) if identity is None else (identity in committed):
            counts.already_committed += 1
        else:
            in_flight.add(ticket, log_file, place)
    return [ticket for ticket, _ in announced if not ticket.unsettled]

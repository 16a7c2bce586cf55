"""An event as a user's function gets it: it knows its log file and its record."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import force_setattr

from ingester.model.event import CloudTrailEvent


class DeliveredEvent(CloudTrailEvent, frozen=True):
    """A CloudTrailEvent that a log file delivered.

    A class of its own so that the way to columns does not pay for it. UnsetType is a type that no JSON value has: a
    record with a field of such a name takes the tolerant path. The values are set behind the decoder's back.
    """

    _unmapped: UnsetType = UNSET
    _origin: UnsetType = UNSET  # type: ignore[misc]
    _place: UnsetType = UNSET  # type: ignore[misc]
    _parsed: UnsetType = UNSET  # type: ignore[misc]

    @property
    def unmapped_json(self) -> bytes | None:  # type: ignore[override]
        """JSON text of what does not fit the model; None on a record that fits."""
        return self._unmapped or None

    def __reduce__(self) -> tuple[Any, ...]:
        # with a copy of what is its own: its neighbours in the log file do not travel with it
        return _remake, (type(self), msgspec.structs.asdict(self.detached()))


def _remake(kind: type[DeliveredEvent], fields: dict[str, Any]) -> DeliveredEvent:
    return kind(**fields)


def delivered(event: CloudTrailEvent) -> DeliveredEvent:
    """The same event in the other class."""
    same = DeliveredEvent(**{name: getattr(event, name) for name in CloudTrailEvent.__struct_fields__})
    if event.unmapped_json is not None:
        force_setattr(same, "_unmapped", event.unmapped_json)
    return same

"""When a source has nothing more to give: a listing at its end; queues, where the run is to empty them; a service's
never. Pure."""

from dataclasses import dataclass, field

from ingester.model.settings import Settings
from ingester.supervisor.ending import Emptiness


@dataclass(slots=True)
class SourceEnd:
    """What is known of the source's end. `is_listing`: it is a listing, not queues."""

    settings: Settings
    is_listing: bool
    listing_ended: bool = False
    emptiness: Emptiness = field(default_factory=Emptiness)
    _quiet: set[str] = field(default_factory=set)

    def received(self, queue_url: str, messages: int) -> None:
        """A queue has given so many messages."""
        if messages:
            self._quiet.discard(queue_url)
        else:
            self._quiet.add(queue_url)

    @property
    def nothing_comes(self) -> bool:
        """Whether nothing more comes, as far as the last answers tell: what is gathered need not wait for more."""
        if self.is_listing:
            return self.listing_ended
        return self.settings.until_empty and self._quiet == set(self.settings.queue_urls)

    def should_ask_depths(self, now_seconds: float, *, is_idle: bool) -> bool:
        """Whether to ask the queues now if they are empty."""
        wants_to_know = not self.is_listing and self.settings.until_empty
        return wants_to_know and self.emptiness.should_ask(now_seconds, is_idle=is_idle)

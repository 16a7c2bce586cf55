"""Which ledger a lake belongs to: said in the lake itself, and checked before anything is done to it.

Lake and ledger know each other by a claim, a random id that is new at each start and lies in both: in the lake as
`_ingester/claim.json`. Whoever comes with another ledger (an empty one, an older copy, that of another lake) is
refused: log files that are in would come in again. Runs in the supervisor process and in `ingester verify`, with the
lock of the state directory held.

What happens when the process dies
- before the ledger has noted the new claim: nothing has changed;
- after that, before the lake has it: the ledger knows the former one as well, which the lake still says;
- after that: both have the new one.
Of two that start at once on an empty lake, each with a ledger of its own, one claims it (on S3 by a conditional PUT)
and the other is refused.

Nobody who was alive a moment ago is asked whether he still is, no lease runs out and no clocks are compared: only who
has the ledger may work, so a host that is gone for good is followed by restoring its ledger from the data files
elsewhere (`verify --rebuild-ledger`). That claims the lake by force. Should the former holder live after all, he is
shut out: on disk by the lock; on S3, which has none, by `S3Lake`, which looks at the claim before it publishes or
sweeps. His look may come just before the claim is taken. But whatever he completes or aborts then was begun before
his look, so the new holder's sweep, which comes after the claim, aborts it or finds it completed; and what is
completed when that sweep is over is all that is counted into the ledger.
"""

import os
import secrets
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from ingester.lake.layout import INTERNAL
from ingester.model.errors import ConfigurationError, LakeDamagedError
from ingester.model.settings import Settings

CLAIM_PATH = f"{INTERNAL}/claim.json"


class Claim(Struct, frozen=True):
    """Who works on a lake, or was the last to. `claim_id` is what counts; the rest is for people."""

    claim_id: str
    host: str
    process: int
    state_directory: str
    since: str


class ClaimBook(Protocol):
    """What a ledger remembers of the lake that it belongs to."""

    def claims(self) -> list[str]:
        """The ids of the claims that the lake may say: the newest first, and the one before."""
        ...

    def note_claims(self, claim_ids: Sequence[str]) -> None:
        """Remember these in the place of the others, durably."""
        ...

    def is_empty(self) -> bool:
        """Whether it has no commit."""
        ...


class Claimable(Protocol):
    """The part of a lake that claims need. All raise OutputError when the output can't be read or written."""

    def read_claim(self) -> Claim | None:
        """What the lake says now; None where nobody has ever claimed it. Raises LakeDamagedError."""

    def write_claim(self, claim: Claim) -> None:
        """Let the lake say this, durably. Raises ConfigurationError if another has claimed it since `read_claim`."""

    def has_data(self) -> bool:
        """Whether any data file is published."""


def claim_lake(lake: Claimable, ledger: ClaimBook, settings: Settings) -> None:
    """Claim the lake for this run. Raises ConfigurationError, which says what to do, if it is another ledger's."""
    found = lake.read_claim()
    refusal = _refusal(found, lake, ledger, settings)
    if refusal is not None:
        raise refusal
    claim = _new_claim(settings)
    ledger.note_claims([claim.claim_id, *([found.claim_id] if found else [])])
    lake.write_claim(claim)


def is_of(lake: Claimable, ledger: ClaimBook, settings: Settings) -> bool:
    """Whether the lake belongs to this ledger, or to none yet."""
    return _refusal(lake.read_claim(), lake, ledger, settings) is None


def claim_by_force(lake: Claimable, settings: Settings) -> Claim:
    """Claim the lake whoever has it, and shut him out. The ledger may note the claim only once it knows all that is
    in the lake: until then every other start is refused."""
    lake.read_claim()
    claim = _new_claim(settings)
    lake.write_claim(claim)
    return claim


def encode_claim(claim: Claim) -> bytes:
    """The claim as it lies in the lake."""
    return msgspec.json.format(msgspec.json.encode(claim), indent=2) + b"\n"


def decode_claim(content: bytes, where: str) -> Claim:
    """The claim that was written. Raises LakeDamagedError naming the file `where`."""
    try:
        return msgspec.json.decode(content, type=Claim)
    except msgspec.MsgspecError as error:
        raise LakeDamagedError(
            f"{where} does not say whose ledger the lake belongs to: {error}.",
            hint="Remove it, then run `ingester verify` with --rebuild-ledger.",
        ) from error


def _new_claim(settings: Settings) -> Claim:
    return Claim(
        claim_id=secrets.token_hex(16),
        host=socket.gethostname(),
        process=os.getpid(),
        state_directory=str(settings.state_directory.absolute()),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _refusal(
    found: Claim | None, lake: Claimable, ledger: ClaimBook, settings: Settings
) -> ConfigurationError | None:
    """Why the lake does not belong to this ledger; None if it does, or to none yet."""
    output, state_directory = settings.output or "the state directory", settings.state_directory
    known = ledger.claims()
    if found is not None and found.claim_id not in known:
        return ConfigurationError(
            f"{output} belongs to another ledger than the one in {state_directory}: an ingester has worked on it "
            f"since {found.since} on host {found.host} (process {found.process}), with its ledger in "
            f"{found.state_directory}.",
            hint="Give that ledger's directory as --state-dir, as it is now and not an older copy. If it is lost, "
            f"`ingester verify {output} --rebuild-ledger` makes a new one from the data files and shuts out whoever "
            "still has the other.",
        )
    if found is None and known and not ledger.is_empty():
        return ConfigurationError(
            f"The ledger in {state_directory} belongs to another lake than {output}: what is in there would be taken "
            "for being in here.",
            hint="Give the --output that it belongs to, or another --state-dir. If it is this lake's, and "
            f"{CLAIM_PATH} was removed, restore it with `ingester verify {output} --rebuild-ledger`.",
        )
    if found is None and ledger.is_empty() and lake.has_data():
        return ConfigurationError(
            f"There are data files in {output}, and the ledger in {state_directory} is empty: log files that are in "
            "would come in again.",
            hint="Give the --state-dir that the ingester had; if the ledger is lost, restore it from the data files "
            f"with `ingester verify {output} --rebuild-ledger`.",
        )
    return None

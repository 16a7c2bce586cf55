"""What SNS signed, out of an SNS envelope: the text, the signature, and where the certificate is said to lie. Pure.

After AWS's "Verifying the signatures of Amazon SNS messages" (SNS developer guide): the text is the name and the
value of each field, every one followed by a line feed, in this order, `Subject` only where there is one. The
certificate may lie on a host of SNS's own only, whatever the envelope says: host and path are pinned here, letter by
letter.
"""

import base64
import binascii
import re
from typing import Literal

from msgspec import Struct

from ingester.model.errors import UnverifiedMessageError
from ingester.notifications.sns import parse_text

SIGNED_FIELDS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
"""What the signature of a Notification covers, in the order in which it is signed."""

HashName = Literal["SHA1", "SHA256"]

_HASHES: dict[object, HashName] = {"1": "SHA1", "2": "SHA256"}
_SIGNATURE_BYTES_MAX = 1024
_QUOTED_CHARACTERS_MAX = 200

# Regions and DNS suffixes of AWS's partitions (partitions.json of its SDKs).
_SUFFIXES = (
    (r"[a-z]{2}(?:-gov)?-[a-z]+-[0-9]{1,2}", r"amazonaws\.com"),
    (r"cn-[a-z]+-[0-9]{1,2}", r"amazonaws\.com\.cn"),
    (r"eusc-[a-z]{2}-[a-z]+-[0-9]{1,2}", r"amazonaws\.eu"),
    (r"us-iso-[a-z]+-[0-9]{1,2}", r"c2s\.ic\.gov"),
    (r"us-isob-[a-z]+-[0-9]{1,2}", r"sc2s\.sgov\.gov"),
    (r"eu-isoe-[a-z]+-[0-9]{1,2}", r"cloud\.adc-e\.uk"),
    (r"us-isof-[a-z]+-[0-9]{1,2}", r"csp\.hci\.ic\.gov"),
)
_HOST = "|".join(rf"sns\.{region}\.{suffix}" for region, suffix in _SUFFIXES)
_CERTIFICATE_URL = re.compile(rf"https://(?:{_HOST})/SimpleNotificationService-[A-Za-z0-9]{{1,128}}\.pem", re.ASCII)
# "sns.amazonaws.com"; "sns-signing.<region>.…" in opt-in regions, "sns-<region>.…" in others (as AWS's SDK for Java)
_CERTIFICATE_NAME = re.compile(
    r"sns\.amazonaws\.com|"
    + "|".join(rf"sns(?:-signing)?(?:[.-]{region})?\.{suffix}" for region, suffix in _SUFFIXES),
    re.ASCII,
)

_UNWRAPPED_HINT = (
    "Only what SNS delivers in its envelope can be verified: switch raw delivery off, and send the events of S3 and "
    "EventBridge through SNS; or leave out --verify-sns."
)
_FORGED_HINT = "Look at who may send messages to the queue."


class SignedNotification(Struct, frozen=True):
    """A message as SNS signed it. `text` is what was signed; all of it is still to be proven."""

    text: bytes
    signature: bytes
    hash_name: HashName
    certificate_url: str
    topic_arn: str


def signed_notification(body: str) -> SignedNotification:
    """What has to be verified of a message body. Raises UnverifiedMessageError where nothing can be."""
    document = parse_text(body)
    if not isinstance(document, dict) or document.get("Type") != "Notification":
        raise UnverifiedMessageError("It is in no SNS envelope, so no one has signed it.", hint=_UNWRAPPED_HINT)
    hash_name = _HASHES.get(document.get("SignatureVersion"))
    if hash_name is None:
        raise UnverifiedMessageError(
            f"Its SNS envelope has a SignatureVersion that is neither 1 nor 2: "
            f"{_quote(document.get('SignatureVersion'))}.",
            hint=_UNWRAPPED_HINT,
        )
    url = _text(document, "SigningCertURL")
    if not is_certificate_url(url):
        raise UnverifiedMessageError(
            f"The certificate of its SNS envelope is not on a host of SNS: {_quote(url)}.", hint=_FORGED_HINT
        )
    return SignedNotification(_signed_text(document), _signature(document), hash_name, url, document["TopicArn"])


def is_certificate_url(url: str) -> bool:
    """Whether a URL is where SNS keeps its signing certificates: `https`, a host of SNS's in one of AWS's regions, no
    port, user, query or fragment, and the name that SNS gives these files."""
    return _CERTIFICATE_URL.fullmatch(url) is not None


def is_certificate_name(name: str) -> bool:
    """Whether a certificate made out to `name` is SNS's."""
    return _CERTIFICATE_NAME.fullmatch(name) is not None


def _signed_text(document: dict[str, object]) -> bytes:
    names = [name for name in SIGNED_FIELDS if name != "Subject" or document.get(name) is not None]
    values = {name: _text(document, name) for name in names}
    if any("\n" in value for name, value in values.items() if name != "Message"):
        # SNS sends none; with one, a signed text could be cut into other fields than those that were signed
        raise UnverifiedMessageError("A field of its SNS envelope has more than one line.", hint=_FORGED_HINT)
    return "".join(f"{name}\n{value}\n" for name, value in values.items()).encode()


def _signature(document: dict[str, object]) -> bytes:
    try:
        signature = base64.b64decode(_text(document, "Signature"), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if not 0 < len(signature) <= _SIGNATURE_BYTES_MAX:
        raise UnverifiedMessageError("The signature in its SNS envelope is none.", hint=_FORGED_HINT)
    return signature


def _text(document: dict[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise UnverifiedMessageError(f"Its SNS envelope has no {name} that is text.", hint=_FORGED_HINT)
    return value


def _quote(value: object) -> str:
    """What is not ours to trust, on one line, without anything that could act on a terminal."""
    return ascii(value)[:_QUOTED_CHARACTERS_MAX]

"""A signed message is believed as SNS sent it; with any change to what was signed it is not."""

import base64
import json
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import assume, given, settings

from ingester.model.message import Message
from ingester.notifications.signed import SIGNED_FIELDS
from ingester.notifications.verifier import SnsVerifier
from tests.support.sns import certificate, signed_envelope

PEM = certificate()
VERIFIER = SnsVerifier(lambda _url, _seconds: PEM)

lines = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=40)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@st.composite
def envelopes(draw: Callable[..., Any]) -> dict[str, str]:
    """A message of any content, as SNS signs it."""
    changes = {name: draw(lines) for name in ("MessageId", "Timestamp", "TopicArn")}
    if draw(st.booleans()):
        changes["Subject"] = draw(lines)
    return signed_envelope(draw(texts), version=draw(st.sampled_from("12")), **changes)


def is_believed(envelope: dict[str, Any]) -> bool:
    return not VERIFIER.doubts([Message("queue", "id", "receipt", json.dumps(envelope), 1, 0.0)])


@settings(deadline=None)
@given(envelopes())
def test_whatever_sns_signed_is_believed(envelope: dict[str, str]) -> None:
    assert is_believed(envelope)


@settings(deadline=None, max_examples=300)
@given(envelopes(), st.data())
def test_no_signed_field_can_be_changed_by_a_byte(envelope: dict[str, str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in SIGNED_FIELDS if name in envelope]))
    value = envelope[name].encode()
    place = data.draw(st.integers(0, len(value) - 1))
    kind = data.draw(st.sampled_from(["another", "less", "more"]))
    byte = b"" if kind == "less" else bytes([data.draw(st.integers(0, 127))])
    changed = (value[:place] + byte + value[place + (kind != "more") :]).decode("utf-8", "replace")
    assume(changed != envelope[name])

    assert not is_believed(envelope | {name: changed})


@settings(deadline=None)
@given(envelopes(), st.data())
def test_no_bit_of_the_signature_can_be_changed(envelope: dict[str, str], data: st.DataObject) -> None:
    signature = bytearray(base64.b64decode(envelope["Signature"]))
    bit = data.draw(st.integers(0, len(signature) * 8 - 1))
    signature[bit // 8] ^= 1 << bit % 8

    assert not is_believed(envelope | {"Signature": base64.b64encode(signature).decode()})


@settings(deadline=None)
@given(envelopes(), st.data())
def test_no_field_can_be_taken_away_nor_a_subject_be_added(envelope: dict[str, str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in SIGNED_FIELDS if name in envelope]))

    assert not is_believed({other: value for other, value in envelope.items() if other != name})
    if "Subject" not in envelope:
        assert not is_believed(envelope | {"Subject": data.draw(lines)})


@settings(deadline=None)
@given(lines, lines, st.data())
def test_a_signed_text_can_be_cut_into_no_other_fields(first: str, last: str, data: st.DataObject) -> None:
    """What one message's field boundaries were can't be moved: a message in a message stays a message."""
    inner = f"{first}\nMessageId\nid\nSubject\n{last}"
    envelope = signed_envelope(inner, MessageId="outer")
    assert is_believed(envelope)

    assert not is_believed(envelope | {"Message": first, "MessageId": "id", "Subject": f"{last}\nMessageId\nouter"})
    assert not is_believed(envelope | {"Message": first, "MessageId": f"id\nSubject\n{last}\nMessageId\nouter"})

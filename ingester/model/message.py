"""A queue message in hand: what it takes to extend it, delete it and find out what it announces."""

from msgspec import Struct


class Message(Struct, frozen=True, gc=False):
    """One received message. `received_at_seconds` is on the monotonic clock, `receive_count` SQS's own count.

    A redelivery has the same `message_id` and a new `receipt_handle`.
    """

    queue_url: str
    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    received_at_seconds: float

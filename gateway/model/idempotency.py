"""What is recorded of a write that carries an idempotency key."""

from __future__ import annotations

from typing import Literal

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is about to be sent.

    Args:
        ident: the caller, and the key that it gave.
        fingerprint: digest of all that makes the request what it is; another request may not use the key.
        intent: what a read would find if the write happened (``idempotency.intents``); empty = a read cannot tell.
    """

    ident: tuple[str, str]
    fingerprint: bytes
    request_id: str
    intent: bytes


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key.

    Args:
        state: ``running``; ``abandoned``: whoever ran it is gone; ``unknown``: sent and not answered; ``done``.
        age_s: seconds since the write was about to be sent.
        answer: a ``StoredAnswer``, encoded, when done; the caller of an ``unknown`` one was given one too.
    """

    fingerprint: bytes
    state: Literal["running", "abandoned", "unknown", "done"]
    age_s: float
    request_id: str
    intent: bytes
    answer: bytes | None


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was given, to be given again; ``engine`` is the one that it came from, if any."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    outcome: str = "ok"
    engine: str = ""

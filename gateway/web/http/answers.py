"""Answers to callers, before they are HTTP responses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

SERVER_NAME = "varbridge"
"""``Server`` of what the gateway answers; aiohttp would tell the versions of what is inside."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a caller: status, headers, and a body or a stream."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    outcome: str = "ok"
    stream: AsyncIterator[bytes] | None = None
    """Content that is not held in memory; then ``body`` is empty."""


_encoder = msgspec.json.Encoder()


def json_answer(body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status=status, body=_encoder.encode(body), headers=headers)

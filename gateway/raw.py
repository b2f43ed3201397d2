"""A caller's request that is handed on as it is, and its answer: bytes that nobody parses.

The counterpart of ``plan`` for requests that need no understanding. What must not live here: how they are sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Protocol

import msgspec

from gateway.plan import Call


class RawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came.

    Args:
        target: below the engine's base URL, path and query exactly as received.
        headers: end-to-end ones, in order, spelled as received; without the gateway's own credentials.
        body: in full where it is there already, else as it comes; None = there is none.
        idle_s: longest silence in either direction, seconds.
        writes: whether it may change anything; then it is carried on when the caller goes away.
        polls: whether it waits for work; such requests have their own connections, and end with their caller, so that
            no work is locked for a worker that is gone.
        gone: returns whether the caller has gone away.
        above: trailing segments of the engine's base URL to leave off first.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes | AsyncIterable[bytes] | None
    idle_s: float
    writes: bool
    gone: Callable[[], bool]
    polls: bool = False
    above: int = 0


class RawAnswer(Protocol):
    """An answer whose body may not have been read. ``close`` it, whatever happens."""

    status: int
    reason: str | None
    headers: list[tuple[str, str]]

    def close(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""

    def ended(self) -> bool:
        """Tell whether all of the body has been given."""
        ...

    def at_once(self) -> bytes | None:
        """Give the whole body if it is there already, None if it is still to come."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Give the body as it comes.

        Raises:
            EngineUnavailable: the engine broke off, or was silent for too long.
        """
        ...


class Relayer(Protocol):
    """Hands a raw request to an engine."""

    def __call__(self, engine: str, request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        """Give the answer as soon as the head of it is there."""
        ...


async def gathered(pieces: AsyncIterator[bytes], most: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Give an answer's body; of one with more than ``most`` bytes the beginning, and the rest as it comes."""
    collected: list[bytes] = []
    size = 0
    async for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > most:
            return b"".join(collected), pieces
    return b"".join(collected), None

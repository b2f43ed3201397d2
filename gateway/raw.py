"""A request that is handed on as it is, and its answer: bytes that nobody parses.

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
        method: HTTP verb, upper case.
        target: path and query exactly as received, below the engine's base URL.
        headers: end-to-end ones, in order, spelled as received; without the gateway's own credentials.
        body: in full where it is there already, else as it comes; None = there is none.
        idle_s: longest silence in either direction, seconds.
        writes: whether it may change anything; if so, it is carried on when the caller goes away.
        polls: whether it waits for work. Polls have their own connections, and end with their caller, so that no work
            is locked for a worker that is gone.
        gone: returns whether the caller has gone away.
        above: trailing segments of the engine's base URL to leave off first, for resources that lie beside its API.
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
    """An answer whose body may not have been read. ``close`` it, whatever happens.

    Attributes:
        leave: called once when it is closed: then the engine's place is free again; None = nobody waits for that.
    """

    status: int
    reason: str | None
    headers: list[tuple[str, str]]
    leave: Callable[[], None] | None

    def close(self) -> None:
        """Hand the connection back, or close it where the body was not read to its end."""

    def ended(self) -> bool:
        """Return whether all of the body has been read."""
        ...

    def buffered(self) -> bytes | None:
        """Return the whole body if it has come already, None if more of it is to come."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            EngineFailure: the engine broke off, or was silent for too long, or the caller has gone.
        """
        ...


class HeldAnswer:
    """An answer that was looked at before it is handed back: its body in full, or its beginning and the rest of it.

    Args:
        answer: as it came.
        first: what has been read of the body.
        rest: the rest of it as it comes, None where ``first`` is all.
    """

    def __init__(self, answer: RawAnswer, first: bytes, rest: AsyncIterator[bytes] | None) -> None:
        self.status, self.reason, self.headers = answer.status, answer.reason, answer.headers
        self.leave: Callable[[], None] | None = None
        self.first, self._rest = first, rest

    def close(self) -> None:
        """Do nothing: whoever had the answer first closes it."""

    def ended(self) -> bool:
        """Return whether all of the body has been read."""
        return self._rest is None

    def buffered(self) -> bytes | None:
        """Return the whole body, None if more of it is to come."""
        return self.first if self._rest is None else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            EngineFailure: as the answer that is held.
        """
        yield self.first
        if self._rest is not None:
            async for piece in self._rest:
                yield piece


class Relayer(Protocol):
    """Hands a raw request to an engine."""

    def __call__(self, engine: str, request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        """Return the answer as soon as its head is there."""
        ...


async def read_up_to(pieces: AsyncIterator[bytes], most: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Return an answer's body; of one with more than ``most`` bytes the beginning, and the rest as it comes."""
    collected: list[bytes] = []
    size = 0
    async for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > most:
            return b"".join(collected), pieces
    return b"".join(collected), None

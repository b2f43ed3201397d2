"""Plans: the conversation with one engine that carries out one command, as a pure generator.

A plan yields a ``VendorRequest``, is handed the ``VendorResponse``, may yield again, and returns a result or raises an
error of ``gateway.errors``. It never awaits, reads no clock and knows no socket; ``gateway.wire.drive`` carries it out.
A failure of the road (refused connection, deadline, unanswered write) is thrown into the plan at the ``yield`` as the
error it is, so that a plan of several requests can say what had been applied; a plan that has nothing to add lets it
pass. Decision 0001 says why, decision 0002 what a request says beyond HTTP, decision 0003 how bodies stream.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Awaitable, Callable, Generator
from typing import TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

R = TypeVar("R")

_PLAIN = re.compile(r"[A-Za-z0-9_~-]*\Z")
"""A segment that needs no encoding, as most ids and names do not."""
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_~/-]*\Z")
"""The same of a whole path."""
_UNSAFE_NAME = re.compile(r"[/\\;\x00-\x1f\x7f]")
"""What servers fold, cut or refuse in a path, however it is encoded."""


class Stream(msgspec.Struct, frozen=True):
    """Bytes that are not held in memory. ``token`` is the executor's handle, and means nothing to the plan."""

    token: str


class Part(msgspec.Struct, frozen=True):
    """One part of a multipart/form-data body. ``name`` and ``filename`` are plain text; the executor escapes them."""

    name: str
    content: bytes | Stream
    filename: str | None = None
    content_type: str | None = None


class Multipart(msgspec.Struct, frozen=True):
    """A multipart/form-data body, in order."""

    parts: tuple[Part, ...]


Body: TypeAlias = bytes | Stream | Multipart


class VendorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to an engine, relative to the engine's base URL.

    Args:
        method: HTTP verb, upper case.
        path: *decoded* segments; ``encode_path`` is the one place that encodes them.
        query: decoded pairs, in order.
        headers: without credentials; the sender stack adds those.
        body: bytes in full, or a stream, or parts.
        writes: whether it changes anything on the engine (verbs lie).
        idempotent: whether carrying it out twice equals carrying it out once.
        above: trailing segments of the engine's base URL to leave off first, for resources that lie beside its API.
        streams_answer: whether the plan wants the body of a 2xx answer as a ``Stream``.
    """

    method: str
    path: tuple[str, ...]
    writes: bool
    idempotent: bool
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = b""
    above: int = 0
    streams_answer: bool = False


class VendorResponse(msgspec.Struct, frozen=True):
    """One HTTP answer of an engine. Header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Stream = b""

    def header(self, name: str) -> str:
        """Return the first value of a header (name in lower case), or the empty string."""
        return next((value for key, value in self.headers if key == name), "")

    def content(self) -> bytes:
        """Return the body in full.

        Raises:
            TypeError: the body is a stream, of which a plan knows status and headers only.
        """
        if isinstance(self.body, Stream):
            msg = "a streamed body has no content to look at"
            raise TypeError(msg)
        return self.body


class WriteLease(msgspec.Struct, kw_only=True):
    """Until when a call may send writes: the lease of a write lock or of an idempotency key, while it is held.

    Args:
        until: on the event loop's clock, seconds; no write is sent after it. Whoever renews the lease moves it on.
    """

    until: float


class Call(msgspec.Struct, kw_only=True):
    """What accompanies the plans of one caller's request: its budget, its ids, and what it cost so far.

    Mutable, and made once for each request of a caller. ``web`` fills it, ``wire`` reads it and counts, plans never see
    it.

    Args:
        deadline: on the event loop's clock, seconds; no exchange with an engine starts after it.
        request_id: goes to the engine as ``X-Request-Id``.
        traceparent, tracestate: W3C trace context to hand on: the caller's, or with traces that of our own span.
        authorization: the caller's own ``Authorization``, for engines whose ``auth.kind`` is ``forward``.
        streams: token of a ``Stream`` to the async iterable of its bytes, both ways.
        leases: what the call writes under: the leases of its write lock and of its idempotency key.
        intended: what a read must find for the write to have happened, encoded; empty = a read cannot tell.
        claim: what must be recorded before anything is written (``operations.idempotency``); done once.
        engine_calls: exchanges with engines so far, log-ins and refused ones included.
        engine_s: seconds spent in them so far; of bodies that flow, up to the head of the answer.
    """

    deadline: float
    request_id: str
    traceparent: str | None = None
    tracestate: str | None = None
    authorization: str | None = None
    streams: dict[str, AsyncIterable[bytes]] = {}
    leases: tuple[WriteLease, ...] = ()
    intended: bytes = b""
    claim: Callable[[], Awaitable[None]] | None = None
    engine_calls: int = 0
    engine_s: float = 0.0


Plan: TypeAlias = Generator[VendorRequest, VendorResponse, R]


def encode_path(segments: tuple[str, ...]) -> str:
    """Join decoded segments to a path in which everything but ``A-Z a-z 0-9 - _ ~`` is percent-encoded as UTF-8.

    ``.`` becomes ``%2E``: left to itself, a URL library folds ``…/variables/..`` into its parent (seen live: a DELETE
    of one variable became a DELETE of the instance).

    Raises:
        UnicodeEncodeError: a segment holds a lone surrogate.
    """
    path = "/" + "/".join(segments)
    if _PLAIN_PATH.match(path) and path.count("/") == len(segments):
        return path
    return "".join(["/" + (segment if _PLAIN.match(segment) else _encoded(segment)) for segment in segments])


def _encoded(segment: str) -> str:
    return quote(segment, safe="~").replace(".", "%2E")


def encode_target(request: VendorRequest, base: str) -> str:
    """Return the request target, path and query encoded, below the path of an engine's base URL.

    Raises:
        UnicodeEncodeError: a segment or a parameter holds a lone surrogate.
    """
    path = (cut_base(base, request.above) if request.above else base) + encode_path(request.path)
    if not request.query:
        return path
    return path + "?" + "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in request.query)


def cut_base(base: str, above: int) -> str:
    """Return the path of an engine's base URL without so many of its trailing segments."""
    return base.rsplit("/", above)[0] if above else base


def fits_path(name: str) -> bool:
    r"""Return whether a name may be sent as a path segment at all.

    Not ``.``, ``..``, the empty name, nor one with ``/``, ``\\``, ``;`` or a control character: servers fold, cut or
    refuse those however they are encoded. Such names go into a body.
    """
    return name not in {"", ".", ".."} and not _UNSAFE_NAME.search(name)

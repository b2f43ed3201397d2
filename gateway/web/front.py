"""What the web room is given, and what one exchange with a caller carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

import msgspec
from aiohttp import web

from gateway.access import Access, Caller
from gateway.model.bulk import Operation, Outcome, State
from gateway.operations import Gateway
from gateway.operations.cursors import Cursors
from gateway.operations.idempotency import Idempotency
from gateway.plan import Call
from gateway.port import Dialect, Engine


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may send.

    Args:
        max_body_bytes: of one JSON body; 10 MiB.
        max_depth: levels of nested JSON; engines stop at some 700 to 1000.
        max_names: modifications and deletions in one patch.
        max_batch_items: instances in one batch.
        batch_at_once: items of a batch that are carried out at once on one engine; below its worker threads.
        body_read_timeout_s: time for a body to arrive; aiohttp itself waits for ever.
        max_binary_bytes: of the content of one bytes or file variable; 2 GiB.
        max_query_rows: rows of one page of a query.
        cursor_lifetime_s: how long a walk through pages may pause.
        max_timeout_s: longest deadline of a call; ``Request-Timeout`` may shorten it.
    """

    max_body_bytes: int = 10 * 1024 * 1024
    max_depth: int = 64
    max_names: int = 10_000
    max_batch_items: int = 1000
    batch_at_once: int = 16
    body_read_timeout_s: float = 30.0
    max_timeout_s: float = 60.0
    max_binary_bytes: int = 2 * 1024 * 1024 * 1024
    max_query_rows: int = 1000
    cursor_lifetime_s: float = 3600.0


class RequestMetrics(Protocol):
    """Who counts callers' requests."""

    def request(  # noqa: PLR0913 - the labels of one metric
        self, *, route: str, method: str, status: int, engine: str, duration_s: float, outcome: str
    ) -> None:
        """Count one request."""


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """One front door in a vendor's dialect.

    Args:
        prefix: path below which the dialect is spoken, without a trailing slash.
        engine_url: the engine's base URL, whose ``Location`` headers lead back here.
        idle_s: longest silence of the engine, seconds.
        forwards: whether the engine sees the caller's own credentials and cookies.
        caller_host: whether the engine is told the caller's ``Host``, so that its links lead back here.
        debug: whether details are shown that may hold scripts and SQL.
    """

    prefix: str
    dialect: Dialect
    engine: Engine
    engine_url: str
    idle_s: float = 30.0
    forwards: bool = False
    caller_host: bool = True
    debug: bool = False


class Operations(Protocol):
    """Bulk operations: where they are kept."""

    async def created(self, operation: Operation) -> None:
        """Keep a new one."""
        ...

    async def found(self, operation_id: str) -> Operation | None:
        """Give one."""
        ...

    async def became(
        self, operation_id: str, before: Sequence[State], state: State, problem: bytes | None = None
    ) -> bool:
        """Change its state."""
        ...

    async def results(self, operation_id: str, after: int, count: int) -> list[Outcome]:
        """Give how items went."""
        ...


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """All that the web room needs; made once at start."""

    gateway: Gateway
    access: Access
    metrics: RequestMetrics
    limits: Limits = Limits()
    cursors: Cursors = msgspec.field(default_factory=Cursors)
    cors_origins: frozenset[str] = frozenset()
    forwards: bool = False
    """Whether there are callers that only an engine can tell (``forward = true``)."""
    idempotency: Idempotency | None = None
    """None = keys are refused."""
    operations: Operations | None = None
    """None = there is no store for them."""
    woken: Callable[[], None] = lambda: None
    """Told when there is a new operation."""
    doors: tuple[Door, ...] = ()
    """Longest prefix first."""

    def door(self, raw_path: str) -> Door | None:
        """Give the front door of a raw request target, None for the gateway's own paths."""
        for door in self.doors:
            if raw_path.startswith(door.prefix) and raw_path[len(door.prefix) : len(door.prefix) + 1] in {"", "/", "?"}:
                return door
        return None


class Exchange(msgspec.Struct, kw_only=True):
    """One request of a caller on its way through.

    Args:
        params: decoded path parameters, in order.
        query: decoded query, names to raw (still encoded) values.
        engine: name of the engine that answered, once known.
    """

    front: Front
    request: web.BaseRequest
    call: Call
    caller: Caller
    params: tuple[str, ...]
    query: dict[str, str]
    engine: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to the caller."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    outcome: str = "ok"
    stream: AsyncIterator[bytes] | None = None
    """Content that is not held; then ``body`` is empty."""


_encoder = msgspec.json.Encoder()


def json_answer(body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Give an answer with a JSON body."""
    return Answer(status=status, body=_encoder.encode(body), headers=headers)

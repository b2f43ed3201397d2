"""What the web room is given to answer requests; made once at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from gateway.access import Access
from gateway.model.bulk import Operation, Outcome, State
from gateway.operations import Gateway
from gateway.operations.idempotency import Idempotency
from gateway.operations.paging import Cursors
from gateway.web.http.access_log import RequestMetrics
from gateway.web.http.limits import RequestLimits


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


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """All that the web room needs; made once at start."""

    gateway: Gateway
    access: Access
    metrics: RequestMetrics
    limits: RequestLimits = RequestLimits()
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

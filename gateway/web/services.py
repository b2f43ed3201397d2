"""What the web room works with; made once at start."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gateway.access import Access, RequestTokens
from gateway.operations import Gateway
from gateway.operations.bulk import OperationStore
from gateway.operations.idempotency import Idempotency
from gateway.operations.paging import Cursors
from gateway.web.http.access_log import RequestMetrics
from gateway.web.http.limits import RequestLimits


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """All that the dialects need to answer requests."""

    gateway: Gateway
    access: Access
    metrics: RequestMetrics
    limits: RequestLimits = RequestLimits()
    cursors: Cursors = msgspec.field(default_factory=Cursors)
    request_tokens: RequestTokens = msgspec.field(default_factory=RequestTokens)
    cors_origins: frozenset[str] = frozenset()
    forwards: bool = False
    """Whether there are callers whose credentials only an engine can check (``forward = true``)."""
    idempotency: Idempotency | None = None
    """None = keys are refused."""
    operations: OperationStore | None = None
    """None: bulk operations are refused."""
    wake_bulk_worker: Callable[[], None] = lambda: None
    """Called when a bulk operation has been created or cancelled."""

"""What the web room works with; made once at start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from gateway.access import Access, Caller, RequestTokens
from gateway.operations import Gateway
from gateway.operations.bulk import OperationStore
from gateway.operations.idempotency import Idempotency
from gateway.operations.paging import Cursors
from gateway.plan import Call
from gateway.web.http.access_log import RequestMetrics
from gateway.web.http.limits import RequestLimits
from gateway.web.http.opening import open_call
from gateway.web.http.tls import client_certificate


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """All that the dialects need to answer requests."""

    gateway: Gateway
    access: Access
    metrics: RequestMetrics
    open_call: Callable[[web.BaseRequest], Call] = open_call
    """What a request begins with; traced, where traces are wanted."""
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


def recognise(services: Services, request: web.BaseRequest, *, forwards: bool) -> Awaitable[tuple[Caller, bool]]:
    """Return who calls, and whether the credentials were for the gateway.

    Args:
        services: know the callers.
        request: has the credentials; its connection may have a client certificate.
        forwards: whether an engine is sent credentials that the gateway does not know.

    Raises:
        Unauthenticated: when awaited: credentials that are wrong, or none where some are needed.
    """
    access = services.access
    certificate = client_certificate(request) if access.takes_certificates else None
    return access.recognise(request.headers, forwards=forwards, certificate=certificate)

"""What the web room works with; made once at start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from gateway.access import Access, Bucket, Failures, RequestTokens
from gateway.bridge.records import AuditStore
from gateway.operations import Gateway
from gateway.operations.bridge.job_store import BridgeJobStore
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bulk import OperationStore
from gateway.operations.idempotency import Idempotency
from gateway.operations.jobs import Jobs
from gateway.operations.paging import Cursors
from gateway.plan import Call
from gateway.web.http.access_log import CallerMetrics
from gateway.web.http.connections import ConnectionLimits
from gateway.web.http.limits import RequestLimits
from gateway.web.http.opening import open_call


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """All that the dialects need to answer requests."""

    gateway: Gateway
    access: Access
    metrics: CallerMetrics
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
    rates: Mapping[str, Bucket] = {}
    """The buckets of callers whose rate is bounded, by their names."""
    failures: Failures = msgspec.field(default_factory=Failures)
    """Who has sent wrong credentials."""
    connections: ConnectionLimits = ConnectionLimits()
    max_in_flight: int = 0
    """Requests that one process works on at once; 0 = any number."""
    operations: OperationStore | None = None
    """None: bulk operations are refused."""
    jobs: Jobs | None = None
    """Is told of work in the background that has been created or cancelled; None = nothing is carried out here."""
    links: Links | None = None
    plans: Plans | None = None
    bridge_jobs: BridgeJobStore | None = None
    """None: the bridge is refused."""
    audit: AuditStore | None = None
    """None: there is no audit trail to read."""

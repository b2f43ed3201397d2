"""Generations: all that is made of one configuration, and lives until its last request has ended.

A reload makes the next generation and swaps it in whole. What does not depend on the configuration, or cannot change
while the gateway runs, is in ``Standing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
import structlog

from gateway import assembly
from gateway.access import Access, Bucket, Failures, RequestTokens, buckets
from gateway.bridge.routes import LinkRoutes
from gateway.config import Config
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, WriteLocks
from gateway.operations.bridge.bridge_jobs import BridgeJobs
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.settling import settling
from gateway.operations.bulk import BulkJobs, select_instances
from gateway.operations.idempotency import Idempotency
from gateway.operations.jobs import JobKinds, JobWorker
from gateway.operations.paging import Cursors
from gateway.port import Engine, Vendor
from gateway.routing import Routing
from gateway.store import AuditRecords, BridgeJobRecords, OperationRecords
from gateway.web import RequestLimits, Services
from gateway.web.http.opening import TracedRequests, open_call, traced_call
from gateway.web.v1.problems import problem
from gateway.wire import Clients, EngineClient
from gateway.wire.stack import Tap

if TYPE_CHECKING:  # an extra, which may be missing
    from gateway.observe.tracing import Tracing

_log = structlog.get_logger("varbridge")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What all generations share.

    Args:
        vendors: by name.
        secret: returns the store's secret of a purpose.
        locks: the write locks.
        jobs: carries jobs out by the generation in use.
        links, plans, bridge_jobs: of the bridge.
        audit: what reads the audit trail.
        failures: who has sent wrong credentials.
        routes: which instances are linked, and who decides.
        tap: is shown every exchange with an engine.
    """

    vendors: Mapping[str, Vendor]
    metrics: Metrics
    secret: Callable[[str], Awaitable[bytes]]
    locks: WriteLocks
    jobs: JobWorker
    idempotency: Idempotency
    operations: OperationRecords
    links: Links
    plans: Plans
    bridge_jobs: BridgeJobRecords
    audit: AuditRecords
    failures: Failures
    routes: LinkRoutes
    tap: Tap | None = None


class Generation:
    """The engines, services and front doors of one configuration.

    Args:
        config: with its secrets resolved.
        standing: what it shares with others.
        before: the generation that it follows; clients of engines whose tables are the same are taken over, with their
            connections, sessions and breakers, and so is what was learned about owners, and what callers have sent.
            Where ``[tracing]`` changes, all clients are new: what traces them is part of them.
    """

    def __init__(self, config: Config, standing: Standing, before: Generation | None = None) -> None:
        self.config, self._standing = config, standing
        old = before.clients if before is not None else {}
        is_traced_as_before = before is not None and before.config.tracing == config.tracing
        self.tracing: Tracing | None = (
            before.tracing
            if before is not None and is_traced_as_before
            else assembly.tracing(config.tracing, standing.metrics.spans)
        )
        unchanged = {
            name
            for name, entry in config.engines.items()
            if before and is_traced_as_before and before.config.engines.get(name) == entry
        }
        self.clients: dict[str, EngineClient] = {
            name: old[name] if name in unchanged else self._client(name) for name in config.engines
        }
        self.engines: dict[str, Engine] = {name: client.engine for name, client in self.clients.items()}
        routing = assembly.routing(config)
        if before is not None and len(unchanged) == len(old) == len(config.engines):
            routing.take_over(before.routing)
        self.routing: Routing = routing
        standing.routes.unlinked.clear()  # engines of other names, or other vendors, may read ids otherwise
        clients = Clients(self.clients)
        paths = assembly.base_paths(config)
        self.gateway: Gateway = Gateway(
            self.engines, clients, standing.locks, routing, clients.relay, paths, standing.routes, self._mark_stale
        )
        self.rates: dict[str, Bucket] = buckets(assembly.rates(config), before.rates if before is not None else {})
        self.kinds = JobKinds(
            [self._bulk_jobs().kind, self._bridge_jobs().kind, settling(self.gateway, standing.links)]
        )
        self.services: Services = self._services(None if before is None else before.services.access)
        self.doors = assembly.doors(config, standing.vendors, self.engines)
        self.running = 0
        self.retired = False
        self._ended = asyncio.Event()

    async def _mark_stale(self, link: str, why: str) -> None:
        _ = await self._standing.links.mark_stale(link, why)

    def _client(self, name: str) -> EngineClient:
        standing, entry = self._standing, self.config.engines[name]
        engine = assembly.engine(standing.vendors[entry.vendor], name, entry)
        spans = self.tracing.spans if self.tracing is not None else None
        return EngineClient(engine, assembly.client_settings(entry), standing.metrics, standing.tap, spans)

    def _bulk_jobs(self) -> BulkJobs:
        return BulkJobs(
            self.gateway,
            self._standing.operations,
            self._standing.jobs,
            lambda operation, call: select_instances(self.gateway, operation, call),
            lambda error: msgspec.json.encode(problem(error)),
            report=lambda operation, state: _log.info("operation", operation=operation, state=state),
            at_once=max(1, self.config.limits.batch_at_once // 2),
        )

    def _bridge_jobs(self) -> BridgeJobs:
        standing = self._standing
        return BridgeJobs(
            self.gateway,
            standing.bridge_jobs,
            standing.jobs,
            links=standing.links,
            plans=standing.plans,
            spell_problem=lambda error: msgspec.json.encode(problem(error)),
            report=lambda job, state: _log.info("bridge_job", job=job.id, kind=job.kind, plan=job.plan, state=state),
            count=standing.metrics.bridge_item,
        )

    def _services(self, access_before: Access | None) -> Services:
        config, standing = self.config, self._standing
        spans = self.tracing.spans if self.tracing is not None else None
        limits = {name: getattr(config.limits, name) for name in RequestLimits.__struct_fields__}
        return Services(
            gateway=self.gateway,
            operations=standing.operations,
            jobs=standing.jobs,
            links=standing.links,
            plans=standing.plans,
            bridge_jobs=standing.bridge_jobs,
            audit=standing.audit,
            access=assembly.access(config, access_before),
            forwards=any(caller.forward for caller in config.auth.callers),
            metrics=standing.metrics if spans is None else TracedRequests(standing.metrics, spans),
            open_call=open_call if spans is None else traced_call(spans),
            cursors=Cursors(lambda: standing.secret("cursors"), lifetime_s=config.limits.cursor_lifetime_s),
            request_tokens=RequestTokens(lambda: standing.secret("request tokens")),
            limits=RequestLimits(**limits),
            connections=assembly.connection_limits(config),
            max_in_flight=config.server.max_in_flight,
            rates=self.rates,
            failures=standing.failures,
            cors_origins=frozenset(config.cors.origins),
            idempotency=standing.idempotency,
        )

    def note_end(self) -> None:
        """Note that the last request has ended."""
        self._ended.set()

    async def wait_for_end(self) -> None:
        """Wait until no request is running; from now on none begins."""
        self.retired = True
        if self.running:
            _ = await self._ended.wait()

    async def start_clients(self, running: Iterable[EngineClient] = ()) -> None:
        """Open the sessions of all clients but those that are running already; begin to export traces."""
        if self.tracing is not None:
            self.tracing.start()
        known = set(map(id, running))
        for client in self.clients.values():
            if id(client) not in known:
                await client.start()

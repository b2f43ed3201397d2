"""The composition root: put store, generations and servers together, serve, and reload.

This is the only module that imports ``adapters``. What is made of a configuration is in ``gateway.generation``;
listening and signals are in ``gateway.serving``.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from adapters import camunda7, ibm_bpm
from gateway import assembly
from gateway import config as configuration
from gateway.access import Access, Failures
from gateway.auditing import ConfigAudit
from gateway.background import job_worker
from gateway.bridge.routes import LinkRoutes
from gateway.generation import Generation, Standing
from gateway.link_counting import LinkCounting
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, WriteLocks, instances
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.switch import Switch
from gateway.operations.idempotency import Idempotency
from gateway.operations.locks import SharedLocks
from gateway.plan import Call
from gateway.port import Engine, Vendor
from gateway.rate_sharing import RateSharing
from gateway.reloading import Reloader, watch
from gateway.serving import Listeners, collect_garbage_rarely, stop_event
from gateway.shared_store import follow_links, share
from gateway.store import (
    AuditRecords,
    BridgeJobRecords,
    CannotLock,
    KeyRecords,
    LinkRecords,
    OperationRecords,
    PlanRecords,
    RateUses,
    Store,
    check_shareable,
)
from gateway.web import Door, admin, changing_server
from gateway.web.v1.idempotency import unsettled
from gateway.wire.client import require_c_parser
from gateway.wire.stack import Tap

VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in (camunda7.VENDOR, ibm_bpm.VENDOR)}
_JOB_GRACE_S = 600.0
"""The longest that jobs may still take by the configuration they began with."""
_LEAST_FLUSH_S = 0.5
"""Time for the last spans to leave, though running requests have used up the grace period."""
_log = structlog.get_logger("varbridge")


def _log_older_store() -> None:
    """Log that links are as they were at an earlier time: instances may be on other engines than they say."""
    _log.error(
        "store_is_older", hint="a backup was restored: `varbridge audit verify --head-file` tells what is missing"
    )


class Application:
    """The running gateway: the store, the generation that answers, and the two servers.

    Args:
        tap: is shown every exchange with an engine.
        shared: whether other processes may write to the same engines; on PostgreSQL they always may.
    """

    def __init__(self, config: configuration.Config, tap: Tap | None = None, *, shared: bool = False) -> None:
        require_c_parser()
        self.store = Store(assembly.store_settings(config.store))
        self.metrics = Metrics()
        alone = config.server.workers == 1 and not shared
        if self.store.is_sqlite and not alone:
            check_workers(config)
        self._shared_locks: SharedLocks | None
        self._shared_locks, signal = share(self.store, config.store.lease_s, alone=alone)
        self._jobs = job_worker(config.store, self.store, self._shared_locks, self.metrics)
        self.routes = LinkRoutes(LinkRecords(self.store), signal, _log_older_store)
        switch, plans = Switch(lambda: self.config.bridge.enabled), PlanRecords(self.store)
        links = LinkRecords(self.store, self.routes.changing)
        keys = KeyRecords(self.store, config.store.lease_s, config.store.key_retention_s)
        self._standing = Standing(
            vendors=VENDORS,
            metrics=self.metrics,
            secret=self.store.secret,
            locks=WriteLocks(self._shared_locks),
            jobs=self._jobs,
            idempotency=Idempotency(keys, unsettled, config.store.settle_s),
            operations=OperationRecords(self.store, config.store.operation_retention_s),
            links=Links(links, plans, self.routes.note, switch),
            plans=Plans(plans, switch),
            bridge_jobs=BridgeJobRecords(self.store, config.store.operation_retention_s),
            audit=AuditRecords(self.store),
            failures=Failures(),
            routes=self.routes,
            tap=tap,
        )
        self._generation = Generation(config, self._standing)
        self._retiring: dict[Generation, asyncio.Task[None]] = {}
        self._sharing: asyncio.Task[None] | None = None
        self._following: list[asyncio.Task[None]] = []
        self._sampled: set[str] = set()
        self.state = admin.State()
        self._listeners = Listeners(config.server)
        self._config_audit = ConfigAudit(self._standing.audit)

    @property
    def config(self) -> configuration.Config:
        """Return the configuration in use."""
        return self._generation.config

    @property
    def gateway(self) -> Gateway:
        """Return what operations of new requests stand on."""
        return self._generation.gateway

    @property
    def engines(self) -> Mapping[str, Engine]:
        """Return the engines in use."""
        return self._generation.engines

    @property
    def doors(self) -> tuple[Door, ...]:
        """Return the front doors in use, longest prefix first."""
        return self._generation.doors

    @property
    def is_retiring(self) -> bool:
        """Return whether requests still run on an earlier configuration."""
        return bool(self._retiring)

    @property
    def is_sharing_rates(self) -> bool:
        """Return whether other processes are told what callers with a bounded rate have used here."""
        return self._sharing is not None

    def current(self) -> Generation:
        """Return the generation that new requests are answered with."""
        return self._generation

    async def start(self, *, reuse_port: bool = False, serves: bool = True) -> None:
        """Open the sessions and listen.

        Args:
            reuse_port: whether other workers share the ports.
            serves: whether callers are served; else this process only carries jobs out, and has an admin port.

        Raises:
            OSError: a port is in use.
        """
        await self._generation.start_clients()
        if (missing := await self.store.open()) is not None:
            _log.error("store_unavailable", reason=missing.detail)  # the rest works; the next use tries again
        counting = LinkCounting(LinkRecords(self.store), self.metrics.note_links)
        self._following = await follow_links(self.routes, self.store)
        self._following.append(asyncio.get_running_loop().create_task(counting.run()))
        self._standing.idempotency.start()
        callers = changing_server(self.current) if serves else None
        operators = admin.application(self)
        await self._listeners.open(callers, operators, reuse_port=reuse_port)
        self._jobs.use(self._generation.kinds)
        self._jobs.start()
        self.metrics.start(self._sample)
        if self._shared_locks is not None and serves:  # there may be other processes
            sharing = RateSharing(lambda: self._generation.rates, RateUses(self.store))
            self._sharing = asyncio.get_running_loop().create_task(sharing.run())
        self.state.ready = True

    @property
    def access(self) -> Access:
        """Return what knows the callers."""
        return self._generation.services.access

    def describe_config(self) -> dict[str, Any]:
        """Return the configuration in use, without secrets."""
        return configuration.show(self.config)

    def describe_engines(self) -> dict[str, dict[str, object]]:
        """Return how each engine is protected now, and what it said last; nobody is asked."""
        return {name: client.gate.describe() for name, client in self._generation.clients.items()}

    def render_metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type."""
        return self.metrics.render(accept)

    async def reach_store(self) -> bool:
        """Return whether the store can be used."""
        return await self.store.reachable()

    def _sample(self) -> None:
        """Note in the metrics how much is under way, also on earlier configurations."""
        generations = (self._generation, *self._retiring)
        self.metrics.note_work(sum(each.running for each in generations), len(self._retiring))
        clients = {id(client): client for each in generations for client in each.clients.values()}
        self._sampled |= {client.engine.name for client in clients.values()}
        self.metrics.note_jobs(self._jobs.counts.waiting, self._jobs.counts.running, self._jobs.counts.oldest_s)
        for name, total in self.routes.routed.items():
            self.metrics.linked(name, total)
        for name in self._sampled:  # an engine that is gone stays at 0
            places = [client.gate.places for client in clients.values() if client.engine.name == name]
            self.metrics.note_engine(name, sum(each.taken for each in places), sum(each.queued for each in places))

    async def replace(self, config: configuration.Config) -> None:
        """Answer new requests by another configuration; those that run end on what they began with.

        Args:
            config: with its secrets resolved; it differs in nothing that cannot change (``reloading.check_fixed``).

        Raises:
            OSError: a file of TLS cannot be used; nothing has changed.
        """
        certificates = self._listeners.read_certificates(config.server)
        before = self._generation
        following = Generation(config, self._standing, before)
        await following.start_clients(before.clients.values())
        self._generation = following
        self._jobs.use(following.kinds)
        self._listeners.change(config.server, certificates)
        task = asyncio.get_running_loop().create_task(self._retire(before, following))
        self._retiring[before] = task
        task.add_done_callback(lambda _: self._retiring.pop(before, None))

    async def _retire(self, before: Generation, following: Generation) -> None:
        """Wait until the last request of a generation has ended; then close what no later one uses."""
        await before.kinds.wait_for_end(_JOB_GRACE_S)
        await before.wait_for_end()
        await self._close_clients(before, [following, *(each for each in self._retiring if each is not before)])

    async def _close_clients(self, ended: Generation, others: list[Generation]) -> None:
        others = [*others, self._generation]
        used = {id(client) for each in others for client in each.clients.values()}
        for client in ended.clients.values():
            if id(client) not in used:
                await client.close()
        if ended.tracing is not None and all(each.tracing is not ended.tracing for each in others):
            await ended.tracing.close(ended.config.server.grace_s)

    def start_reloading(
        self, read: Callable[[], configuration.Config], files: Callable[[], Iterable[Path]]
    ) -> list[asyncio.Task[None]]:
        """Reload on SIGHUP and, if the configuration says so, when a file changes; return the tasks that do it."""
        loop = asyncio.get_running_loop()
        audit = self._config_audit
        reloader = Reloader(read, lambda: self.config, self.replace, self.metrics, audit.note_reload)
        self.state.reload = reloader.state
        loop.add_signal_handler(signal.SIGHUP, reloader.ask)

        def ask_if_watched() -> None:
            if self.config.server.watch:
                reloader.ask()

        running = (reloader.run(), watch(files, ask_if_watched), audit.run(self.config, reloader.state.loaded_at))
        return [loop.create_task(each) for each in running]

    @property
    def ports(self) -> tuple[int, int]:
        """Return the port of callers and the admin port that are listened on, once ``start`` has returned."""
        return self._listeners.ports

    async def stop(self) -> None:
        """Report not ready, wait until balancers have seen it, close the ports, let running requests end in time."""
        self._listeners.announce_stop()
        if self.state.ready:
            self.state.ready = False
            await asyncio.sleep(self.config.server.drain_wait_s)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.config.server.grace_s
        await self._listeners.close()
        if self._sharing is not None:
            _ = self._sharing.cancel()
            self._sharing = None
        for task in self._following:
            _ = task.cancel()
        _ = await asyncio.gather(*self._following, return_exceptions=True)
        generations = (self._generation, *self._retiring)
        for task in self._retiring.values():
            _ = task.cancel()
        await self._jobs.close()
        for each in generations:
            for client in each.clients.values():
                await client.close()
        await self._standing.locks.close()
        await self._standing.idempotency.close()
        await self._config_audit.flush()
        await self.store.close()
        for tracing in {each.tracing for each in generations if each.tracing is not None}:
            await tracing.close(max(_LEAST_FLUSH_S, until - loop.time()))
        self.metrics.stop()


async def check_engines(config: configuration.Config) -> dict[str, instances.Health]:
    """Return the health of every engine of a configuration, without opening a port."""
    application = Application(msgspec.structs.replace(config, tracing=configuration.TracingConfig()))
    await application.current().start_clients()
    try:
        call = Call(deadline=asyncio.get_running_loop().time() + instances.HEALTH_S, request_id=os.urandom(16).hex())
        gateway = application.gateway
        return {name: await instances.check_health(gateway, each, call) for name, each in application.engines.items()}
    finally:
        for client in application.current().clients.values():
            await client.close()


async def check_store(config: configuration.Config) -> str | None:
    """Open the store of a configuration, creating its tables if needed; return the reason if that fails."""
    store = Store(assembly.store_settings(config.store))
    try:
        missing = await store.open()
        return None if missing is None else missing.detail
    finally:
        await store.close()


def check_workers(config: configuration.Config) -> None:
    """Check that several workers can keep one another out of a write lock.

    Raises:
        ConfigError: they cannot, with the reason.
    """
    try:
        check_shareable(config.store.url)
    except CannotLock as error:
        raise configuration.ConfigError(f"{config.source}: server.workers: only 1 with this store: {error}") from error


async def serve(  # noqa: PLR0913 - how a process serves, once
    config: configuration.Config,
    started: Callable[[], None] = lambda: None,
    *,
    reuse_port: bool = False,
    serves: bool = True,
    lifeline: int | None = None,
    read: Callable[[], configuration.Config] | None = None,
    files: Callable[[], Iterable[Path]] = tuple,
) -> None:
    """Run a gateway until SIGTERM or SIGINT; a second signal ends it at once. SIGHUP reloads.

    Args:
        config: with its secrets resolved.
        started: called when the gateway is ready.
        reuse_port: whether other workers share the ports.
        serves: whether callers are served; else this process only carries jobs out.
        lifeline: a pipe whose other end the parent holds; when the parent is gone, the gateway stops as well.
        read: reads the configuration anew; None = it cannot change.
        files: returns the files that it is made of; a change of one of them reloads, if ``server.watch`` is on.
    """
    application = Application(config, shared=reuse_port)
    stopping = stop_event(lifeline)
    tasks: list[asyncio.Task[None]] = []
    try:
        await application.start(reuse_port=reuse_port, serves=serves)
        if read is not None:
            tasks = application.start_reloading(read, files)
        collect_garbage_rarely()
        port, admin_port = application.ports
        engines = sorted(config.engines)
        _log.info("started", host=config.server.host, port=port, admin_port=admin_port, engines=engines)
        started()
        _ = await stopping.wait()
        _log.info("stopping")
    finally:
        for task in tasks:
            _ = task.cancel()
        await application.stop()
    _log.info("stopped")

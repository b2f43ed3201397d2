"""The composition root: build engines, clients, services and servers from a configuration.

This is the only module that imports ``adapters``. Listening and signals are in ``gateway.serving``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec
import structlog

from adapters import camunda7, ibm_bpm
from gateway import config as configuration
from gateway.access import Access, Caller, CallerEntry, RequestTokens, TokenEntry, Tokens
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, WriteLocks, instances
from gateway.operations.bulk import BulkWorker, select_instances
from gateway.operations.idempotency import Idempotency
from gateway.operations.locks import KernelLocks, LeaseLocks, SharedLocks
from gateway.operations.paging import Cursors
from gateway.plan import Call
from gateway.port import Credentials, DialectSettings, Engine, Policy, Vendor
from gateway.routing import Routing
from gateway.serving import KEEPALIVE_S, Listeners, collect_garbage_rarely, stop_event
from gateway.store import (
    CannotLock,
    KeyRecords,
    Leases,
    LockFile,
    OperationRecords,
    Store,
    check_shareable,
    locks_beside,
)
from gateway.store import Settings as StoreSettings
from gateway.web import Door, RequestLimits, Services, Upstream, admin, public_server
from gateway.web.v1.idempotency import unsettled
from gateway.web.v1.problems import problem
from gateway.wire import Clients, ClientSettings, EngineClient
from gateway.wire.client import require_c_parser
from gateway.wire.fetch import fetch_document
from gateway.wire.settings import BreakerSettings, LimitSettings, RetrySettings
from gateway.wire.stack import Tap

VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in (camunda7.VENDOR, ibm_bpm.VENDOR)}
_log = structlog.get_logger("varbridge")


class Application:
    """The running gateway: engines, clients, store, services and the two servers.

    Args:
        tap: is shown every exchange with an engine.
        shared: whether other processes may write to the same engines; on PostgreSQL they always may.
    """

    def __init__(self, config: configuration.Config, tap: Tap | None = None, *, shared: bool = False) -> None:
        require_c_parser()
        self.config = config
        self.store = Store(store_settings(config.store))
        self.metrics = Metrics()
        self.engines = {name: engine(name, entry) for name, entry in config.engines.items()}
        self.clients = Clients(
            {
                name: EngineClient(self.engines[name], _client_settings(entry), self.metrics, tap)
                for name, entry in config.engines.items()
            }
        )
        routing = Routing(probe=config.routing.probe, patterns=config.routing.patterns, starts=_starts(config))
        shared_locks = _shared_locks(config, self.store, alone=config.server.workers == 1 and not shared)
        self.locks = WriteLocks(shared_locks)
        self.gateway = Gateway(self.engines, self.clients, self.locks, routing, self.clients.relay, _base_paths(config))
        keys = KeyRecords(self.store, config.store.lease_s, config.store.key_retention_s)
        self.idempotency = Idempotency(keys, unsettled, config.store.settle_s)
        operations = OperationRecords(self.store, config.store.operation_retention_s)
        self.bulk = BulkWorker(
            self.gateway,
            operations,
            lambda operation, call: select_instances(self.gateway, operation, call),
            lambda error: msgspec.json.encode(problem(error)),
            report=_log_operation,
            locks=shared_locks,
            at_once=max(1, config.limits.batch_at_once // 2),
        )
        self.services = Services(
            gateway=self.gateway,
            operations=operations,
            wake_bulk_worker=self.bulk.wake,
            access=_access(config),
            forwards=any(caller.forward for caller in config.auth.callers),
            metrics=self.metrics,
            cursors=Cursors(self._cursor_secret, lifetime_s=config.limits.cursor_lifetime_s),
            request_tokens=RequestTokens(self._token_secret),
            limits=RequestLimits(**{name: getattr(config.limits, name) for name in config.limits.__struct_fields__}),
            cors_origins=frozenset(config.cors.origins),
            idempotency=self.idempotency,
        )
        self.doors = _doors(config, self.engines)
        self.state = admin.State()
        self._listeners = Listeners(config.server)

    async def _cursor_secret(self) -> bytes:
        return await self.store.secret("cursors")

    async def _token_secret(self) -> bytes:
        return await self.store.secret("request tokens")

    async def start(self, *, reuse_port: bool = False) -> None:
        """Open the sessions and listen.

        Raises:
            OSError: a port is in use.
        """
        await self.clients.start()
        if (missing := await self.store.open()) is not None:
            _log.error("store_unavailable", reason=missing.detail)  # the rest works; the next use tries again
        self.idempotency.start()
        callers = public_server(self.services, self.doors, keepalive_s=KEEPALIVE_S)
        operators = admin.application(self.gateway, self.metrics, self.state, self.store.reachable)
        await self._listeners.open(callers, operators, reuse_port=reuse_port)
        self.bulk.start()
        self.metrics.start()
        self.state.ready = True

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
        await self._listeners.close()
        await self.bulk.close()
        await self.clients.close()
        await self.locks.close()
        await self.idempotency.close()
        await self.store.close()
        self.metrics.stop()


async def check_engines(config: configuration.Config) -> dict[str, instances.Health]:
    """Return the health of every engine of a configuration, without opening a port."""
    application = Application(config)
    await application.clients.start()
    try:
        call = Call(deadline=asyncio.get_running_loop().time() + instances.HEALTH_S, request_id=os.urandom(16).hex())
        gateway = application.gateway
        return {name: await instances.check_health(gateway, each, call) for name, each in application.engines.items()}
    finally:
        await application.clients.close()


async def check_store(config: configuration.Config) -> str | None:
    """Open the store of a configuration, creating its tables if needed; return the reason if that fails."""
    store = Store(store_settings(config.store))
    try:
        missing = await store.open()
        return None if missing is None else missing.detail
    finally:
        await store.close()


def store_settings(entry: configuration.StoreConfig) -> StoreSettings:
    """Return the settings of the store."""
    return StoreSettings(
        url=entry.url, timeout_s=entry.timeout_s, connections=entry.connections, synchronous=entry.synchronous
    )


def check_workers(config: configuration.Config) -> None:
    """Check that several workers can keep one another out of a write lock.

    Raises:
        ConfigError: they cannot, with the reason.
    """
    try:
        check_shareable(config.store.url)
    except CannotLock as error:
        raise configuration.ConfigError(f"{config.source}: server.workers: only 1 with this store: {error}") from error


def _shared_locks(config: configuration.Config, store: Store, *, alone: bool) -> SharedLocks | None:
    """Return what keeps other processes out of a write lock; None where there are none.

    Raises:
        ConfigError: nothing can.
    """
    if not store.is_sqlite:
        return LeaseLocks(Leases(store, config.store.lease_s))
    if alone:
        return None
    check_workers(config)
    return KernelLocks(LockFile(locks_beside(config.store.url)))


def _log_operation(operation_id: str, state: str, fault: BaseException | None) -> None:
    """Log the one line of a bulk operation: the state in which it ended, or our own fault that stopped it."""
    if fault is None:
        _log.info("operation", operation=operation_id, state=state)
    else:
        _log.error("operation_broken", operation=operation_id, exc_info=fault)


def engine(name: str, entry: configuration.EngineConfig) -> Engine:
    """Build one engine from a configuration whose secrets are resolved."""
    auth = entry.auth
    credentials = Credentials(kind=auth.kind, username=auth.username, password=auth.password, token=auth.token)
    policy = Policy(require_if_match=entry.require_if_match, strong_binary=entry.strong_binary, verify=entry.verify)
    return VENDORS[entry.vendor].engine(name, entry.settings, credentials, policy)


def _client_settings(entry: configuration.EngineConfig) -> ClientSettings:
    return ClientSettings(
        url=entry.url,
        timeout_s=entry.timeout_s,
        auth_kind=entry.auth.kind,
        max_connections=entry.max_connections,
        max_answer_bytes=entry.max_answer_bytes,
        connect_timeout_s=entry.connect_timeout_s,
        client="aiohttp" if entry.client == "aiohttp" else "http1",  # `thin` is its first name
        retry=msgspec.convert(entry.retry, RetrySettings, from_attributes=True),
        breaker=msgspec.convert(entry.breaker, BreakerSettings, from_attributes=True),
        limits=msgspec.convert(entry.limits, LimitSettings, from_attributes=True),
    )


def _starts(config: configuration.Config) -> dict[str, str]:
    return {rule.definition: rule.engine for rule in config.routing.start}


def _base_paths(config: configuration.Config) -> dict[str, str]:
    return {name: urlsplit(entry.url).path.rstrip("/") for name, entry in config.engines.items()}


def _doors(config: configuration.Config, engines: Mapping[str, Engine]) -> tuple[Door, ...]:
    """Build the front doors, longest prefix first."""
    upstreams = {
        name: Upstream(url=entry.url, idle_s=entry.timeout_s, forwards=entry.auth.kind == "forward")
        for name, entry in config.engines.items()
    }
    found = [
        Door(
            prefix=entry.prefix,
            dialect=VENDORS[entry.vendor].dialect(
                DialectSettings(
                    accept_primitives=entry.accept_primitives, objects=entry.objects, federated=entry.federated
                )
            ),
            default=engines[entry.engine],
            upstreams=upstreams,
            caller_host=entry.host == "caller",
            debug=entry.debug,
        )
        for entry in config.dialects.values()
    ]
    return tuple(sorted(found, key=lambda door: -len(door.prefix)))


def _access(config: configuration.Config) -> Access:
    callers = [(caller, _entry(config, caller)) for caller in config.auth.callers]
    entries = tuple(entry for caller, entry in callers if caller.jwt is None)
    tokens = tuple(
        TokenEntry(
            caller=entry,
            issuer=caller.jwt.issuer,
            audience=caller.jwt.audience,
            jwks_url=caller.jwt.jwks_url,
            algorithms=caller.jwt.algorithms,
            leeway_s=caller.jwt.leeway_s,
            claims=caller.jwt.claims,
        )
        for caller, entry in callers
        if caller.jwt is not None
    )
    anybody = config.auth.open or not config.auth.callers
    return Access(entries, Tokens(tokens, fetch_document) if tokens else None, open=anybody)


def _entry(config: configuration.Config, caller: configuration.CallerConfig) -> CallerEntry:
    """Build one caller; a ``forward`` caller may use only engines that are sent the caller's own credentials."""
    engines = caller.engines
    if caller.forward:
        may_use = Caller(CallerEntry(name=caller.name, engines=engines)).may_use
        forwarding = (name for name, entry in config.engines.items() if entry.auth.kind == "forward")
        engines = tuple(name for name in forwarding if may_use(name))
    return CallerEntry(
        name=caller.name,
        key_sha256=caller.key_sha256,
        basic_username=caller.basic.username if caller.basic else None,
        basic_password=caller.basic.password if caller.basic else None,
        scopes=frozenset(caller.scopes),
        engines=engines,
        variables=caller.variables,
        masked=caller.masked,
        forward=caller.forward,
    )


async def serve(
    config: configuration.Config,
    started: Callable[[], None] = lambda: None,
    *,
    reuse_port: bool = False,
    lifeline: int | None = None,
) -> None:
    """Run a gateway until SIGTERM or SIGINT; a second signal ends it at once.

    Args:
        config: with its secrets resolved.
        started: called when the gateway is ready.
        reuse_port: whether other workers share the ports.
        lifeline: a pipe whose other end the parent holds; when the parent is gone, the gateway stops as well.
    """
    application = Application(config, shared=reuse_port)
    stopping = stop_event(lifeline)
    try:
        await application.start(reuse_port=reuse_port)
        collect_garbage_rarely()
        port, admin_port = application.ports
        engines = sorted(config.engines)
        _log.info("started", host=config.server.host, port=port, admin_port=admin_port, engines=engines)
        started()
        _ = await stopping.wait()
        _log.info("stopping")
    finally:
        await application.stop()
    _log.info("stopped")

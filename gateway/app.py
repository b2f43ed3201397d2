"""The composition root: a configuration becomes engines, clients, a gateway and two servers; alone imports adapters."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web

from adapters import camunda7, ibm_bpm
from gateway import config as configuration
from gateway.access import Access, Caller, CallerEntry, TokenEntry, Tokens
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, Lanes, instances
from gateway.operations.bulk import Bulk
from gateway.operations.cursors import Cursors
from gateway.operations.idempotency import Idempotency
from gateway.operations.leases import Holder
from gateway.operations.selection import selected
from gateway.plan import Call, Plan
from gateway.port import Credentials, Engine, Policy, Vendor
from gateway.raw import RawAnswer, RawRequest
from gateway.routing import Routing
from gateway.store import Keys, Leases, Operations, Store, is_sqlite
from gateway.store import Settings as StoreSettings
from gateway.web import Door, Front, Limits, admin, handler
from gateway.web.keyed import unsettled
from gateway.web.problems import problem
from gateway.web.server import Server as WebServer
from gateway.wire import ClientSettings, EngineClient
from gateway.wire.client import require_c_parser
from gateway.wire.fetch import fetched
from gateway.wire.stack import Tap

R = TypeVar("R")
VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in (camunda7.VENDOR, ibm_bpm.VENDOR)}
_KEEPALIVE_S = 75.0
"""aiohttp's runner keeps idle callers for an hour otherwise."""
_ADMIN_GRACE_S = 1.0
"""Nothing that runs there is worth a wait."""
_GARBAGE = 20_000
"""Objects between two searches for cycles. Requests leave none; at Python's 700 every few of them pay for a search."""
_log = structlog.get_logger("varbridge")


class Clients:
    """The engines' clients; the runner that operations are given."""

    def __init__(self, clients: Mapping[str, EngineClient]) -> None:
        self._clients = clients

    def __call__(self, engine: str, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Carry a plan out on an engine."""
        return self._clients[engine].run(plan, call)

    def relay(self, engine: str, request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        """Hand a request on to an engine as it is."""
        return self._clients[engine].relay(request, call)

    async def start(self) -> None:
        """Open every session."""
        for client in self._clients.values():
            await client.start()

    async def close(self) -> None:
        """Close every session."""
        for client in self._clients.values():
            await client.close()


class Running:
    """A gateway: what it consists of, and its two servers while they run.

    Args:
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
        alone = is_sqlite(config.store.url) and config.server.workers == 1 and not shared
        leases = None if alone else Leases(self.store, config.store.lease_s)
        self.lanes = Lanes(leases)
        self.gateway = Gateway(self.engines, self.clients, self.lanes, routing, self.clients.relay, _base_paths(config))
        keys = Keys(self.store, config.store.lease_s, config.store.key_retention_s)
        self.idempotency = Idempotency(keys, unsettled, config.store.settle_s)
        operations = Operations(self.store, config.store.operation_retention_s)
        self.bulk = Bulk(
            self.gateway,
            operations,
            lambda operation, call: selected(self.gateway, operation, call),
            lambda error: msgspec.json.encode(problem(error)),
            reported=_operation_reported,
            holder=None if leases is None else Holder(leases),
            at_once=max(1, config.limits.batch_at_once // 2),
        )
        self.front = Front(
            gateway=self.gateway,
            operations=operations,
            woken=self.bulk.wake,
            access=_access(config),
            forwards=any(caller.forward for caller in config.auth.callers),
            metrics=self.metrics,
            cursors=Cursors(self._cursor_secret, lifetime_s=config.limits.cursor_lifetime_s),
            limits=Limits(**{name: getattr(config.limits, name) for name in config.limits.__struct_fields__}),
            cors_origins=frozenset(config.cors.origins),
            idempotency=self.idempotency,
            doors=_doors(config, self.engines),
        )
        self.state = admin.State()
        self._server: WebServer | None = None
        self._runners: list[web.BaseRunner] = []

    async def _cursor_secret(self) -> bytes:
        return await self.store.secret("cursors")

    async def start(self, *, reuse_port: bool = False) -> None:
        """Open the sessions and listen.

        Raises:
            OSError: a port is in use.
        """
        await self.clients.start()
        if (missing := await self.store.open()) is not None:
            _log.error("store_unavailable", reason=missing.detail)  # the rest is served; it is tried again when needed
        self.idempotency.start()
        server = self.config.server
        self._server = WebServer(handler(self.front), keepalive_s=_KEEPALIVE_S)
        public = web.ServerRunner(self._server, shutdown_timeout=server.grace_s)
        await self._listen(public, server.host, server.port, reuse_port=reuse_port)
        application = admin.application(self.gateway, self.metrics, self.state, self.store.reachable)
        runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=_KEEPALIVE_S, shutdown_timeout=_ADMIN_GRACE_S
        )
        await self._listen(runner, server.admin_host, server.admin_port, reuse_port=reuse_port)
        self.bulk.start()
        self.state.ready = True

    async def _listen(self, runner: web.BaseRunner, host: str, port: int, *, reuse_port: bool = False) -> None:
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, host, port, reuse_port=reuse_port).start()
        except OSError as error:
            raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error

    async def stop(self) -> None:
        """Say not ready, wait until that was seen, close the ports, let what runs end within the grace period.

        Answers given meanwhile close their connections, so few are open, and idle, when all are closed.
        """
        if self._server is not None:
            self._server.leaving = True
        if self.state.ready:
            self.state.ready = False
            await asyncio.sleep(self.config.server.drain_wait_s)
        for runner in self._runners:
            await runner.cleanup()
        await self.bulk.close()
        await self.clients.close()
        await self.lanes.close()
        await self.idempotency.close()
        await self.store.close()


async def reached(config: configuration.Config) -> dict[str, instances.Health]:
    """Ask every engine of a configuration whether it lives; nothing listens meanwhile."""
    running = Running(config)
    await running.clients.start()
    try:
        call = Call(deadline=asyncio.get_running_loop().time() + instances.HEALTH_S, request_id=os.urandom(16).hex())
        return {name: await instances.health(running.gateway, each, call) for name, each in running.engines.items()}
    finally:
        await running.clients.close()


async def store_reached(config: configuration.Config) -> str | None:
    """Open the store of a configuration, making its tables if need be; give what is in the way, if anything."""
    store = Store(store_settings(config.store))
    try:
        missing = await store.open()
        return None if missing is None else missing.detail
    finally:
        await store.close()


def store_settings(entry: configuration.StoreConfig) -> StoreSettings:
    """Give what the store is told."""
    return StoreSettings(
        url=entry.url, timeout_s=entry.timeout_s, connections=entry.connections, synchronous=entry.synchronous
    )


def _operation_reported(operation_id: str, state: str, fault: BaseException | None) -> None:
    """Write a bulk operation's one line: how it ended, or the fault of ours that it met."""
    if fault is None:
        _log.info("operation", operation=operation_id, state=state)
    else:
        _log.error("operation_broken", operation=operation_id, exc_info=fault)


def engine(name: str, entry: configuration.EngineConfig) -> Engine:
    """Give one engine of a configuration whose secrets are resolved."""
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
        client=entry.client,
    )


def _starts(config: configuration.Config) -> dict[str, str]:
    return {rule.definition: rule.engine for rule in config.routing.start}


def _base_paths(config: configuration.Config) -> dict[str, str]:
    return {name: urlsplit(entry.url).path.rstrip("/") for name, entry in config.engines.items()}


def _doors(config: configuration.Config, engines: Mapping[str, Engine]) -> tuple[Door, ...]:
    """Give the front doors, longest prefix first."""
    found = [
        Door(
            prefix=entry.prefix,
            dialect=VENDORS[entry.vendor].dialect(),
            engine=engines[entry.engine],
            engine_url=config.engines[entry.engine].url,
            idle_s=config.engines[entry.engine].timeout_s,
            forwards=config.engines[entry.engine].auth.kind == "forward",
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
    return Access(entries, Tokens(tokens, fetched) if tokens else None, open=anybody)


def _entry(config: configuration.Config, caller: configuration.CallerConfig) -> CallerEntry:
    """Give one caller; one that only an engine can tell may use only engines that are told who calls."""
    engines = caller.engines
    if caller.forward:
        may_use = Caller(CallerEntry(name=caller.name, engines=engines)).may_use
        told = (name for name, entry in config.engines.items() if entry.auth.kind == "forward")
        engines = tuple(name for name in told if may_use(name))
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

    ``lifeline`` is a pipe whose other end the parent holds: when the parent is gone, the gateway stops as well.
    """
    running = Running(config, shared=reuse_port)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    def orphaned(pipe: int) -> None:
        loop.remove_reader(pipe)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if lifeline is not None:
        loop.add_reader(lifeline, orphaned, lifeline)
    try:
        await running.start(reuse_port=reuse_port)
        gc.freeze()  # what is here lives as long as the process: looking through it takes 30 ms, again and again
        gc.set_threshold(_GARBAGE)
        _log.info("started", host=config.server.host, port=config.server.port, engines=sorted(config.engines))
        started()
        _ = await stopping.wait()
        _log.info("stopping")
    finally:
        await running.stop()
    _log.info("stopped")

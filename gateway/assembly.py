"""From a configuration to parts: engines, clients' settings, routing, front doors, callers; one builder each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from gateway.access import ANONYMOUS, Access, Caller, CallerEntry, Rate, TokenEntry, Tokens
from gateway.config import CallerConfig, Config, EngineConfig, RateConfig, StoreConfig, TracingConfig
from gateway.port import Credentials, DialectSettings, Engine, Policy, Vendor
from gateway.routing import Routing
from gateway.store import Settings as StoreSettings
from gateway.web import ConnectionLimits, Door, Upstream, within_descriptors
from gateway.wire import ClientSettings
from gateway.wire.fetch import fetch_document
from gateway.wire.settings import BreakerSettings, LimitSettings, ProxySettings, RetrySettings, TlsSettings

if TYPE_CHECKING:
    from gateway.observe.tracing import Tracing


def engine(vendor: Vendor, name: str, entry: EngineConfig) -> Engine:
    """Build one engine from a configuration whose secrets are resolved."""
    auth = entry.auth
    credentials = msgspec.convert(auth, Credentials, from_attributes=True)
    policy = Policy(require_if_match=entry.require_if_match, strong_binary=entry.strong_binary, verify=entry.verify)
    return vendor.engine(name, entry.settings, credentials, policy)


def client_settings(entry: EngineConfig) -> ClientSettings:
    """Return how the client of an engine reaches it."""
    return ClientSettings(
        url=entry.url,
        timeout_s=entry.timeout_s,
        auth_kind=entry.auth.kind,
        max_connections=entry.max_connections,
        max_answer_bytes=entry.max_answer_bytes,
        connect_timeout_s=entry.connect_timeout_s,
        client="aiohttp" if entry.client == "aiohttp" or entry.proxy.url else "http1",  # `thin` is its first name
        retry=msgspec.convert(entry.retry, RetrySettings, from_attributes=True),
        breaker=msgspec.convert(entry.breaker, BreakerSettings, from_attributes=True),
        limits=msgspec.convert(entry.limits, LimitSettings, from_attributes=True),
        proxy=msgspec.convert(entry.proxy, ProxySettings, from_attributes=True) if entry.proxy.url else None,
        tls=TlsSettings(ca=entry.tls.ca, certificate=entry.tls.certificate, key=entry.tls.key),
    )


def routing(config: Config) -> Routing:
    """Build the rules of routing."""
    starts = {rule.definition: rule.engine for rule in config.routing.start}
    return Routing(probe=config.routing.probe, patterns=config.routing.patterns, starts=starts)


def base_paths(config: Config) -> dict[str, str]:
    """Return the path of each engine's base URL, without a trailing slash."""
    return {name: urlsplit(entry.url).path.rstrip("/") for name, entry in config.engines.items()}


def doors(config: Config, vendors: Mapping[str, Vendor], engines: Mapping[str, Engine]) -> tuple[Door, ...]:
    """Build the front doors, longest prefix first."""
    upstreams = {
        name: Upstream(url=entry.url, idle_s=entry.timeout_s, forwards=entry.auth.kind == "forward")
        for name, entry in config.engines.items()
    }
    found = [
        Door(
            prefix=entry.prefix,
            dialect=vendors[entry.vendor].dialect(
                DialectSettings(
                    accept_primitives=entry.accept_primitives, objects=entry.objects, federated=entry.federated
                )
            ),
            default=engines[entry.engine],
            upstreams=upstreams,
            caller_host=entry.host == "caller",
            debug=entry.debug,
            gateway_headers=entry.gateway_headers,
        )
        for entry in config.dialects.values()
    ]
    return tuple(sorted(found, key=lambda door: -len(door.prefix)))


def access(config: Config, before: Access | None = None) -> Access:
    """Build what recognises callers; what was fetched for the configuration before is taken over."""
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
    known = before.tokens if before is not None and isinstance(before.tokens, Tokens) else None
    anybody = config.auth.open or not config.auth.callers
    return Access(entries, Tokens(tokens, fetch_document, known) if tokens else None, open=anybody)


def tracing(entry: TracingConfig, count: Callable[[str, int], None]) -> Tracing | None:
    """Build the road of spans out of this process; None = nothing is traced.

    Args:
        entry: names where they go; the extra ``otel`` is there then (``config.check``).
        count: is told what became of spans.
    """
    if not entry.endpoint:
        return None
    from gateway.observe.tracing import Tracing  # noqa: PLC0415 - an extra, which may be missing

    return Tracing(entry.endpoint, entry.sample, count)


def rates(config: Config) -> dict[str, Rate]:
    """Return the rates of callers that have one, by their names; entries of one name share theirs."""
    found = {caller.name: _rate(caller.rate) for caller in config.auth.callers if caller.rate is not None}
    if config.auth.anonymous_rate is not None:
        found[ANONYMOUS] = _rate(config.auth.anonymous_rate)
    return found


def _rate(entry: RateConfig) -> Rate:
    return Rate(requests=entry.requests, per_s=entry.per_s, burst=entry.capacity)


def connection_limits(config: Config) -> ConnectionLimits:
    """Return the limits on callers' connections."""
    server, limits = config.server, config.limits
    return ConnectionLimits(
        most=within_descriptors(server.max_connections),
        per_address=server.max_connections_per_address,
        keepalive_s=server.keepalive_s,
        header_s=limits.header_read_timeout_s,
        send_s=limits.send_timeout_s,
    )


def store_settings(entry: StoreConfig) -> StoreSettings:
    """Return the settings of the store."""
    return StoreSettings(
        url=entry.url, timeout_s=entry.timeout_s, connections=entry.connections, synchronous=entry.synchronous
    )


def _entry(config: Config, caller: CallerConfig) -> CallerEntry:
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
        certificate_subject=caller.certificate.subject if caller.certificate else None,
        scopes=frozenset(caller.scopes),
        engines=engines,
        variables=caller.variables,
        masked=caller.masked,
        forward=caller.forward,
    )

"""Check what no single table can tell: references between tables, unsafe hosts, secrets written down."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.access import ALGORITHMS, ANONYMOUS, SCOPES, parse_subject
from gateway.config import engine_auth, proxy, spelling, tls
from gateway.config.engine_auth import check_reference, check_user
from gateway.config.shapes import (
    AUTH_KINDS,
    AuthConfig,
    CallerConfig,
    CertificateConfig,
    CommonEngineConfig,
    Config,
    ConfigError,
    DialectConfig,
    RateConfig,
    StoreConfig,
    TracingConfig,
)
from gateway.config.spelling import did_you_mean
from gateway.port import DialectSettings, Vendor

_OWN = re.compile(r"/(v1|docs|openapi\.json)(/|\Z)")
_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
_EMPTY_KEY = hashlib.sha256().hexdigest()
"""What ``sha256sum`` prints where the variable with the key was not set; it would let in an empty header."""


def check(config: Config, vendors: Mapping[str, Vendor]) -> None:
    """Check everything that spans tables.

    Raises:
        ConfigError: naming the source and the key path.
    """
    _check_binding(config)
    for index, caller in enumerate(config.auth.callers):
        _check_caller(config, f"auth.callers[{index}]", caller)
    _check_distinct(config.source, config.auth)
    _check_rates(config.source, config.auth)
    for name, dialect in config.dialects.items():
        if dialect.vendor not in vendors:
            raise ConfigError(f"{config.source}: dialects.{name}.vendor: one of {', '.join(sorted(vendors))}")
        _check_dialect(config, f"dialects.{name}", dialect)
        _check_dialect_settings(config, f"dialects.{name}", dialect, vendors[dialect.vendor])
    if _repeated(dialect.prefix for dialect in config.dialects.values()):
        raise ConfigError(f"{config.source}: dialects: two front doors have the same prefix")
    for name in config.engines:
        if not spelling.is_engine_name(name):
            raise ConfigError(f"{config.source}: engines.{name}: a name is of letters, digits, '.', '_' and '-'")
    _check_routing(config)
    for index, origin in enumerate(config.cors.origins):
        if not spelling.is_origin(origin):
            raise ConfigError(
                f"{config.source}: cors.origins[{index}]: as browsers send it: https://HOST or http://HOST:PORT, "
                "in lower case, without a path"
            )
    _check_tracing(config.source, config.tracing)
    check_store(config.source, config.store)
    if _PASSWORD.search(config.store.url):
        raise ConfigError(f"{config.source}: store.url: holds a password; give the whole URL as env:NAME or file:PATH")


def _check_binding(config: Config) -> None:
    server = config.server
    if server.tls is not None:
        tls.check_server(config.source, server.tls)
    if server.port and (server.host, server.port) == (server.admin_host, server.admin_port):
        raise ConfigError(f"{config.source}: server.admin_port: the same as server.port")
    if spelling.is_loopback(config.server.host):
        return
    if config.auth.open:
        raise ConfigError(f"{config.source}: auth.open: allowed on a loopback host only")
    if not config.auth.callers:
        raise ConfigError(f"{config.source}: server.host: without callers only a loopback host may be bound")


def _check_tracing(source: str, tracing: TracingConfig) -> None:
    if not tracing.endpoint:
        return
    if not spelling.is_engine_url(tracing.endpoint):
        raise ConfigError(f"{source}: tracing.endpoint: an http or https URL without user, query and fragment")
    try:
        missing = importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter") is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        raise ConfigError(f"{source}: tracing.endpoint: needs the extra otel: pip install 'varbridge[otel]'")


def _check_routing(config: Config) -> None:
    if _repeated(start.definition for start in config.routing.start):
        raise ConfigError(f"{config.source}: routing.start: two rules for the same definition")
    for index, start in enumerate(config.routing.start):
        _check_engine_name(config, f"routing.start[{index}].engine", start.engine)
    for name, pattern in config.routing.patterns.items():
        _check_engine_name(config, f"routing.patterns.{name}", name)
        try:
            _ = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{config.source}: routing.patterns.{name}: {error}") from error


def _check_caller(config: Config, path: str, caller: CallerConfig) -> None:
    source = config.source
    if unknown := set(caller.scopes) - SCOPES:
        scope = min(unknown)
        raise ConfigError(f"{source}: {path}.scopes: unknown scope {scope}{did_you_mean(scope, sorted(SCOPES))}")
    if unknown := {name for name in caller.engines if not set("*?") & set(name)} - set(config.engines):
        name = min(unknown)
        raise ConfigError(f"{source}: {path}.engines: no engine of the name {name}{did_you_mean(name, config.engines)}")
    kinds = [kind for kind in ("key_sha256", "basic", "jwt", "certificate") if getattr(caller, kind) is not None]
    if len(kinds) + caller.forward != 1:
        raise ConfigError(f"{source}: {path}: exactly one of key_sha256, basic, jwt, forward, certificate")
    if caller.key_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", caller.key_sha256):
        raise ConfigError(f"{source}: {path}.key_sha256: 64 hexadecimal digits")
    if caller.key_sha256 is not None and caller.key_sha256.lower() == _EMPTY_KEY:
        raise ConfigError(f"{source}: {path}.key_sha256: of an empty key")
    if caller.jwt is not None and (unknown := set(caller.jwt.algorithms) - ALGORITHMS):
        raise ConfigError(
            f"{source}: {path}.jwt.algorithms: not one of {', '.join(sorted(ALGORITHMS))}: {min(unknown)}"
        )
    if caller.jwt is not None and not re.match(r"https?://\S+\Z", caller.jwt.jwks_url):
        raise ConfigError(f"{source}: {path}.jwt.jwks_url: an http or https URL")
    if caller.basic is not None:
        check_user(source, f"{path}.basic.username", caller.basic.username)
        check_reference(source, f"{path}.basic.password", caller.basic.password)
    if caller.certificate is not None:
        _check_certificate(config, f"{path}.certificate", caller.certificate)


def _check_certificate(config: Config, path: str, certificate: CertificateConfig) -> None:
    try:
        _ = parse_subject(certificate.subject)
    except ValueError as error:
        raise ConfigError(
            f'{config.source}: {path}.subject: a name as RFC 4514 writes it, e.g. "CN=portal,O=Example"'
        ) from error
    if config.server.tls is None or not config.server.tls.client_ca:
        raise ConfigError(f"{config.source}: {path}: no client shows a certificate without server.tls.client_ca")


def _check_dialect(config: Config, path: str, dialect: DialectConfig) -> None:
    _check_engine_name(config, f"{path}.engine", dialect.engine)
    if not re.match(r"/[^\s?#]*[^/\s?#]\Z", dialect.prefix) or _OWN.match(dialect.prefix):
        raise ConfigError(
            f"{config.source}: {path}.prefix: a path that begins with / and hides nothing of the gateway's"
        )


def _check_dialect_settings(config: Config, path: str, dialect: DialectConfig, vendor: Vendor) -> None:
    for field in msgspec.structs.fields(DialectSettings):
        if getattr(dialect, field.name) != field.default and field.name not in vendor.dialect.takes:
            raise ConfigError(f"{config.source}: {path}.{field.name}: has no meaning in the language of {vendor.name}")


def _check_engine_name(config: Config, path: str, name: str) -> None:
    if name not in config.engines:
        raise ConfigError(f"{config.source}: {path}: no engine of this name{did_you_mean(name, config.engines)}")


def check_store(source: str, store: StoreConfig) -> None:
    """Check the URL of the store, unless it is still a reference to a secret, and what goes with one kind only.

    Raises:
        ConfigError: naming the source and the key path; the URL may hold a password and is not shown.
    """
    if not spelling.REFERENCE.match(store.url) and not spelling.is_store(store.url):
        raise ConfigError(f"{source}: store.url: sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")
    if store.jobs == "elsewhere" and store.url.startswith("sqlite:"):
        raise ConfigError(f"{source}: store.jobs: elsewhere needs PostgreSQL; with SQLite jobs run in the gateway")


def check_engine(source: str, path: str, read: CommonEngineConfig) -> None:
    """Check the common keys of one engine.

    Raises:
        ConfigError: naming the source and the key path.
    """
    auth = read.auth
    if not spelling.is_engine_url(read.url):
        raise ConfigError(f"{source}: {path}.url: an http or https URL without user, query and fragment")
    urls = (read.url, auth.token_url or "", auth.exchange_url or "")
    tls.check_engine(source, f"{path}.tls", urls, read.tls)
    proxy.check(source, f"{path}.proxy", read.proxy)
    engine_auth.check(source, f"{path}.auth", auth)


def check_kind(source: str, path: str, auth: Any, vendor: Vendor) -> None:
    """Check the kind of a log-in before its other keys: those of a kind that is not offered are not known either.

    Raises:
        ConfigError: naming the source and the key path.
    """
    kind = auth.get("kind") if isinstance(auth, Mapping) else None
    if not isinstance(kind, str):
        return  # absent, or of the wrong type, which is refused later
    if kind not in AUTH_KINDS:
        raise ConfigError(f"{source}: {path}.auth.kind: one of {', '.join(AUTH_KINDS)}")
    if kind not in vendor.auth_kinds:
        known = ", ".join(sorted(vendor.auth_kinds))
        raise ConfigError(f"{source}: {path}.auth.kind: {kind} is not offered for {vendor.name} (offered: {known})")


def _check_rate(source: str, path: str, rate: RateConfig) -> None:
    if rate.burst is not None and rate.burst < rate.requests:
        raise ConfigError(f"{source}: {path}.burst: no less than requests ({rate.requests})")


def _check_rates(source: str, auth: AuthConfig) -> None:
    """Check each rate; refuse entries of one name with different ones: they share it, lest a new key double it."""
    rates: dict[str, RateConfig | None] = {}
    if auth.anonymous_rate is not None:
        _check_rate(source, "auth.anonymous_rate", auth.anonymous_rate)
        rates[ANONYMOUS] = auth.anonymous_rate
    for index, caller in enumerate(auth.callers):
        if caller.rate is not None:
            _check_rate(source, f"auth.callers[{index}].rate", caller.rate)
        if rates.setdefault(caller.name, caller.rate) != caller.rate:
            raise ConfigError(f"{source}: auth.callers[{index}].rate: another entry of this name has another rate")


def _check_distinct(source: str, auth: AuthConfig) -> None:
    """Refuse two callers with the same credentials: one of them would be picked silently."""
    keys = [caller.key_sha256.lower() for caller in auth.callers if caller.key_sha256 is not None]
    users = [caller.basic.username for caller in auth.callers if caller.basic is not None]
    subjects = [parse_subject(each.certificate.subject) for each in auth.callers if each.certificate is not None]
    forwards = [True for caller in auth.callers if caller.forward]
    for what, values in (
        ("key_sha256", keys),
        ("basic.username", users),
        ("certificate.subject", subjects),
        ("forward", forwards),
    ):
        if _repeated(values):
            raise ConfigError(f"{source}: auth.callers: two callers have the same {what}")


def _repeated(values: Iterable[Any]) -> bool:
    listed = list(values)
    return len(set(listed)) < len(listed)

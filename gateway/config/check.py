"""What one table cannot say for itself: references between tables, and what must not be bound or written down."""

from __future__ import annotations

import re

from gateway.access import SCOPES
from gateway.config.shapes import AUTH_KINDS, CallerConfig, Common, Config, ConfigError, Dialect
from gateway.port import Vendor

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[?::1\]?)\Z")
_NEEDS = {
    "basic": ("username", "password"),
    "ibm_session": ("username", "password"),
    "zen": ("username", "token"),
    "bearer": ("token",),
}
REFERENCE = re.compile(r"(env|file):(.+)\Z", re.DOTALL)


def check(config: Config) -> None:
    """Check what spans tables.

    Raises:
        ConfigError: naming the source and the key path.
    """
    _check_binding(config)
    for index, caller in enumerate(config.auth.callers):
        _check_caller(config, f"auth.callers[{index}]", caller)
    for name, dialect in config.dialects.items():
        _check_dialect(config, f"dialects.{name}", dialect)
    prefixes = [dialect.prefix for dialect in config.dialects.values()]
    if len(set(prefixes)) < len(prefixes):
        raise ConfigError(f"{config.source}: dialects: two front doors have the same prefix")
    for name in config.engines:
        if ":" in name or not name:
            raise ConfigError(f"{config.source}: engines.{name}: a name has no colon and is not empty")
    _check_routing(config)


def _check_binding(config: Config) -> None:
    if _LOOPBACK.match(config.server.host):
        return
    if config.auth.open:
        raise ConfigError(f"{config.source}: auth.open: allowed on a loopback host only")
    if not config.auth.callers:
        raise ConfigError(f"{config.source}: server.host: without callers only a loopback host may be bound")


def _check_routing(config: Config) -> None:
    for index, start in enumerate(config.routing.start):
        if start.engine not in config.engines:
            raise ConfigError(f"{config.source}: routing.start[{index}].engine: no engine of this name")
    for name, pattern in config.routing.patterns.items():
        if name not in config.engines:
            raise ConfigError(f"{config.source}: routing.patterns.{name}: no engine of this name")
        try:
            _ = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{config.source}: routing.patterns.{name}: {error}") from error


def _check_caller(config: Config, path: str, caller: CallerConfig) -> None:
    source = config.source
    if unknown := set(caller.scopes) - SCOPES:
        raise ConfigError(f"{source}: {path}.scopes: unknown scope {min(unknown)}")
    if unknown := {name for name in caller.engines if not set("*?") & set(name)} - set(config.engines):
        raise ConfigError(f"{source}: {path}.engines: no engine of the name {min(unknown)}")
    kinds = [kind for kind in ("key_sha256", "basic", "jwt") if getattr(caller, kind) is not None]
    if len(kinds) + caller.forward != 1:
        raise ConfigError(f"{source}: {path}: exactly one of key_sha256, basic, jwt, forward")
    if caller.key_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", caller.key_sha256):
        raise ConfigError(f"{source}: {path}.key_sha256: 64 hexadecimal digits")
    if caller.basic is not None:
        _check_reference(source, f"{path}.basic.password", caller.basic.password)


def _check_dialect(config: Config, path: str, dialect: Dialect) -> None:
    engine = config.engines.get(dialect.engine)
    if engine is None:
        raise ConfigError(f"{config.source}: {path}.engine: no engine of this name")
    if not re.match(r"/[^\s?#]*[^/\s?#]\Z", dialect.prefix) or dialect.prefix == "/v1":
        raise ConfigError(f"{config.source}: {path}.prefix: a path that begins with / and is not /v1")


def check_engine(source: str, path: str, read: Common, vendor: Vendor) -> None:
    """Check the common keys of one engine.

    Raises:
        ConfigError: naming the source and the key path.
    """
    auth = read.auth
    if not re.match(r"https?://[^/\s?#]+[^\s?#]*\Z", read.url):
        raise ConfigError(f"{source}: {path}.url: an http or https URL without query")
    if auth.kind not in AUTH_KINDS:
        raise ConfigError(f"{source}: {path}.auth.kind: one of {', '.join(AUTH_KINDS)}")
    if auth.kind not in vendor.auth_kinds:
        known = ", ".join(sorted(vendor.auth_kinds))
        raise ConfigError(
            f"{source}: {path}.auth.kind: {auth.kind} is not offered for {vendor.name} (offered: {known})"
        )
    for key in _NEEDS.get(auth.kind, ()):
        if getattr(auth, key) is None:
            raise ConfigError(f"{source}: {path}.auth.{key}: {auth.kind} needs it")
    for key in ("password", "token"):
        _check_reference(source, f"{path}.auth.{key}", getattr(auth, key))


def _check_reference(source: str, path: str, text: str | None) -> None:
    if text is not None and not REFERENCE.match(text):
        raise ConfigError(f"{source}: {path}: a secret is env:NAME or file:PATH, never literal")

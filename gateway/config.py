"""The one reader of configuration files and of the environment: strict, and every error names file and key path.

Secrets stay references (``env:NAME``, ``file:PATH``) until ``resolve``; ``config/gateway.toml`` documents every key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from gateway.port import Vendor

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[?::1\]?)\Z")
_REFERENCE = re.compile(r"(env|file):(.+)\Z", re.DOTALL)
_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
AUTH_KINDS = ("none", "basic", "bearer", "oauth2", "forward", "ibm_session", "zen")
_PREFIX = "VARBRIDGE__"


class ConfigError(Exception):
    """A configuration cannot be used; the message names file and key path, never a secret."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table that takes no unknown keys."""


class Server(_Strict, frozen=True, kw_only=True):
    """``[server]``."""

    host: str = "127.0.0.1"
    port: int = 8080
    admin_host: str = "127.0.0.1"
    admin_port: int = 9090
    workers: int = 1
    grace_s: float = 20.0


class Basic(_Strict, frozen=True, kw_only=True):
    """``basic`` of a caller."""

    username: str
    password: str


class CallerConfig(_Strict, frozen=True, kw_only=True):
    """``[[auth.callers]]``."""

    name: str
    key_sha256: str | None = None
    basic: Basic | None = None
    jwt: dict[str, Any] | None = None
    forward: bool = False
    scopes: list[str] = []
    engines: list[str] = ["*"]
    variables: list[str] = ["*"]
    masked: list[str] = []


class Auth(_Strict, frozen=True, kw_only=True):
    """``[auth]``."""

    open: bool = False
    callers: list[CallerConfig] = []


class Store(_Strict, frozen=True, kw_only=True):
    """``[store]``."""

    url: str = "sqlite:///varbridge.db"


class EngineAuth(_Strict, frozen=True, kw_only=True):
    """``[engines.NAME.auth]``."""

    kind: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """``[engines.NAME]``: the common keys; the vendor's own are in ``settings``."""

    vendor: str
    url: str
    settings: Any
    timeout_s: float = 30.0
    connect_timeout_s: float = 5.0
    max_connections: int = 100
    max_answer_bytes: int = 64 * 1024 * 1024
    auth: EngineAuth = EngineAuth()


class _Common(_Strict, frozen=True, kw_only=True):
    vendor: str
    url: str
    timeout_s: float = 30.0
    connect_timeout_s: float = 5.0
    max_connections: int = 100
    max_answer_bytes: int = 64 * 1024 * 1024
    auth: EngineAuth = EngineAuth()


class Dialect(_Strict, frozen=True, kw_only=True):
    """``[dialects.NAME]``: a front door in a vendor's own language."""

    vendor: str
    prefix: str
    engine: str


class Start(_Strict, frozen=True, kw_only=True):
    """``[[routing.start]]``."""

    definition: str
    engine: str


class RoutingConfig(_Strict, frozen=True, kw_only=True):
    """``[routing]``."""

    probe: bool = True
    patterns: dict[str, str] = {}
    start: list[Start] = []


class Cors(_Strict, frozen=True, kw_only=True):
    """``[cors]``."""

    origins: list[str] = []


class Bridge(_Strict, frozen=True, kw_only=True):
    """``[bridge]``."""

    enabled: bool = True


class LimitsConfig(_Strict, frozen=True, kw_only=True):
    """``[limits]``: what a caller may send."""

    max_body_bytes: int = 10 * 1024 * 1024
    max_depth: int = 64
    max_names: int = 10_000
    body_read_timeout_s: float = 30.0
    max_timeout_s: float = 60.0


class Log(_Strict, frozen=True, kw_only=True):
    """``[log]``."""

    json: bool | Literal["auto"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class _File(_Strict, frozen=True, kw_only=True):
    """The file as it is written."""

    server: Server = Server()
    auth: Auth = Auth()
    store: Store = Store()
    engines: dict[str, dict[str, Any]] = {}
    dialects: dict[str, Dialect] = {}
    routing: RoutingConfig = RoutingConfig()
    cors: Cors = Cors()
    bridge: Bridge = Bridge()
    limits: LimitsConfig = LimitsConfig()
    log: Log = Log()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that was checked; secrets are still references unless ``resolve`` made it."""

    source: str
    server: Server
    auth: Auth
    store: Store
    engines: dict[str, EngineConfig]
    dialects: dict[str, Dialect]
    routing: RoutingConfig
    cors: Cors
    bridge: Bridge
    limits: LimitsConfig
    log: Log


def load(path: Path | str, environ: Mapping[str, str], vendors: Mapping[str, Vendor]) -> Config:
    """Read a file, lay ``VARBRIDGE__SECTION__KEY`` of the environment over it, and check all of it.

    Raises:
        ConfigError: naming file and key path.
    """
    source = str(path)
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    return parse(_overridden(tree, environ), vendors, source)


def parse(tree: dict[str, Any], vendors: Mapping[str, Vendor], source: str = "configuration") -> Config:
    """Check a tree of tables.

    Raises:
        ConfigError: naming the source and the key path.
    """
    read = _converted(tree, _File, source, "")
    engines = {name: _engine(source, f"engines.{name}", table, vendors) for name, table in read.engines.items()}
    members = {name: getattr(read, name) for name in _File.__struct_fields__ if name != "engines"}
    config = Config(source=source, engines=engines, **members)
    _cross_checked(config)
    return config


def _overridden(tree: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    for name, text in environ.items():
        if not name.startswith(_PREFIX):
            continue
        *tables, key = name.removeprefix(_PREFIX).lower().split("__")
        table = tree
        for step in tables:
            table = table.setdefault(step, {})
        try:
            table[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            table[key] = text
    return tree


def _converted(tree: Any, kind: type[Any], source: str, path: str) -> Any:
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_said(str(error), source, path)) from error


def _said(message: str, source: str, path: str) -> str:
    at = _AT.search(message)
    reason = _AT.sub("", message)
    where = ".".join(part for part in (path, at.group(1) if at else "") if part)
    unknown = _UNKNOWN.match(reason)
    if unknown:
        where, reason = ".".join(part for part in (where, unknown.group(1)) if part), "unknown key"
    return f"{source}: {where or 'top level'}: {reason}"


def _engine(source: str, path: str, table: dict[str, Any], vendors: Mapping[str, Vendor]) -> EngineConfig:
    vendor = vendors.get(str(table.get("vendor")))
    if vendor is None:
        raise ConfigError(f"{source}: {path}.vendor: one of {', '.join(sorted(vendors))}")
    common = {key: value for key, value in table.items() if key in _Common.__struct_fields__}
    own = {key: value for key, value in table.items() if key not in _Common.__struct_fields__}
    read = _converted(common, _Common, source, path)
    settings = _converted(own, vendor.settings, source, path)
    _check_engine(source, path, read, vendor)
    members = {name: getattr(read, name) for name in _Common.__struct_fields__}
    return EngineConfig(settings=settings, **{**members, "url": read.url.rstrip("/")})


def _check_engine(source: str, path: str, read: _Common, vendor: Vendor) -> None:
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
    if auth.kind in {"basic", "ibm_session"} and (auth.username is None or auth.password is None):
        raise ConfigError(f"{source}: {path}.auth: {auth.kind} needs username and password")
    if auth.kind == "bearer" and auth.token is None:
        raise ConfigError(f"{source}: {path}.auth: bearer needs token")
    for key in ("password", "token"):
        _check_reference(source, f"{path}.auth.{key}", getattr(auth, key))


def _check_reference(source: str, path: str, text: str | None) -> None:
    if text is not None and not _REFERENCE.match(text):
        raise ConfigError(f"{source}: {path}: a secret is env:NAME or file:PATH, never literal")


def _cross_checked(config: Config) -> None:
    source = config.source
    if not config.auth.callers and not config.auth.open and not _LOOPBACK.match(config.server.host):
        raise ConfigError(f"{source}: server.host: without callers only a loopback host may be bound")
    if config.auth.open and not _LOOPBACK.match(config.server.host):
        raise ConfigError(f"{source}: auth.open: allowed on a loopback host only")
    for index, caller in enumerate(config.auth.callers):
        _check_caller(source, f"auth.callers[{index}]", caller)
    for name, dialect in config.dialects.items():
        _check_dialect(config, f"dialects.{name}", dialect)
    prefixes = [dialect.prefix for dialect in config.dialects.values()]
    if len(set(prefixes)) < len(prefixes):
        raise ConfigError(f"{source}: dialects: two front doors have the same prefix")
    for index, start in enumerate(config.routing.start):
        if start.engine not in config.engines:
            raise ConfigError(f"{source}: routing.start[{index}].engine: no engine of this name")
    for name, pattern in config.routing.patterns.items():
        if name not in config.engines:
            raise ConfigError(f"{source}: routing.patterns.{name}: no engine of this name")
        try:
            _ = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{source}: routing.patterns.{name}: {error}") from error
    for name in config.engines:
        if ":" in name or not name:
            raise ConfigError(f"{source}: engines.{name}: a name has no colon and is not empty")


def _check_caller(source: str, path: str, caller: CallerConfig) -> None:
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


def resolve(config: Config, environ: Mapping[str, str]) -> Config:
    """Give the configuration with its secrets in place.

    Raises:
        ConfigError: a reference leads nowhere; the key path is named, the secret never.
    """
    source = config.source
    engines = {
        name: msgspec.structs.replace(engine, auth=_resolved_auth(source, f"engines.{name}.auth", engine.auth, environ))
        for name, engine in config.engines.items()
    }
    callers = [
        _resolved_caller(source, f"auth.callers[{index}]", caller, environ)
        for index, caller in enumerate(config.auth.callers)
    ]
    store_url = config.store.url
    if _REFERENCE.match(store_url):
        store_url = _secret(source, "store.url", store_url, environ)
    return msgspec.structs.replace(
        config,
        engines=engines,
        auth=msgspec.structs.replace(config.auth, callers=callers),
        store=Store(url=store_url),
    )


def _resolved_auth(source: str, path: str, auth: EngineAuth, environ: Mapping[str, str]) -> EngineAuth:
    found = {
        key: _secret(source, f"{path}.{key}", text, environ)
        for key in ("password", "token")
        if (text := getattr(auth, key)) is not None
    }
    return msgspec.structs.replace(auth, **found)


def _resolved_caller(source: str, path: str, caller: CallerConfig, environ: Mapping[str, str]) -> CallerConfig:
    if caller.basic is None:
        return caller
    password = _secret(source, f"{path}.basic.password", caller.basic.password, environ)
    return msgspec.structs.replace(caller, basic=msgspec.structs.replace(caller.basic, password=password))


def _secret(source: str, path: str, text: str, environ: Mapping[str, str]) -> str:
    found = _REFERENCE.match(text)
    if found is None:
        raise ConfigError(f"{source}: {path}: a secret is env:NAME or file:PATH, never literal")
    kind, name = found.groups()
    if kind == "env":
        if name not in environ:
            raise ConfigError(f"{source}: {path}: the environment has no {name}")
        return environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: {path}: the file cannot be read") from error

"""The tables of a configuration file, as frozen structs. ``config/gateway.toml`` documents every key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
"""A day at most: a longer time is a mistake, and infinity would switch the deadline off."""
AUTH_KINDS = ("none", "basic", "bearer", "oauth2", "forward", "ibm_session", "zen")


class ConfigError(Exception):
    """A configuration cannot be used; the message names file and key path, never a secret."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table that takes no unknown keys."""


class ServerTlsConfig(Table, frozen=True, kw_only=True):
    """``[server.tls]``: files, as paths or as ``file:PATH``."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""


class ServerConfig(Table, frozen=True, kw_only=True):
    """``[server]``."""

    host: str = "127.0.0.1"
    port: Port = 8080
    admin_host: str = "127.0.0.1"
    admin_port: Port = 9090
    workers: Count = 1
    watch: bool = True
    grace_s: Seconds = 30.0
    drain_wait_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    max_in_flight: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_connections: Count = 10_000
    max_connections_per_address: Annotated[int, msgspec.Meta(ge=0)] = 0
    keepalive_s: Seconds = 75.0
    tls: ServerTlsConfig | None = None


class BasicConfig(Table, frozen=True, kw_only=True):
    """``basic`` of a caller."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Leave secrets out: this is printed wherever a configuration is."""
        return f"BasicConfig(username={self.username!r})"


class JwtConfig(Table, frozen=True, kw_only=True):
    """``jwt`` of a caller."""

    issuer: str
    audience: str
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    leeway_s: Seconds = 30.0
    claims: dict[str, str] = {}


class CertificateConfig(Table, frozen=True, kw_only=True):
    """``certificate`` of a caller."""

    subject: str


class RateConfig(Table, frozen=True, kw_only=True):
    """``rate`` of a caller; without ``burst`` a full bucket holds ``requests``."""

    requests: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    per_s: Seconds = 1.0
    burst: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None

    @property
    def capacity(self) -> int:
        """Return how many tokens a full bucket holds."""
        return self.requests if self.burst is None else self.burst


class CallerConfig(Table, frozen=True, kw_only=True):
    """``[[auth.callers]]``."""

    name: str
    key_sha256: str | None = None
    basic: BasicConfig | None = None
    jwt: JwtConfig | None = None
    certificate: CertificateConfig | None = None
    forward: bool = False
    rate: RateConfig | None = None
    scopes: tuple[str, ...] = ()
    engines: tuple[str, ...] = ("*",)
    variables: tuple[str, ...] = ("*",)
    masked: tuple[str, ...] = ()


class AuthConfig(Table, frozen=True, kw_only=True):
    """``[auth]``."""

    open: bool = False
    anonymous_rate: RateConfig | None = None
    callers: list[CallerConfig] = []


class StoreConfig(Table, frozen=True, kw_only=True):
    """``[store]``."""

    url: str = "sqlite:///varbridge.db"
    timeout_s: Seconds = 5.0
    connections: Count = 4
    synchronous: Literal["normal", "full"] = "normal"
    key_retention_s: Annotated[float, msgspec.Meta(ge=1, le=2_592_000)] = 86_400.0
    operation_retention_s: Annotated[float, msgspec.Meta(ge=1, le=315_360_000)] = 2_592_000.0
    settle_s: Seconds = 60.0
    lease_s: Annotated[float, msgspec.Meta(ge=0.5, le=600)] = 10.0
    jobs: Literal["here", "elsewhere"] = "here"
    jobs_at_once: Count = 4
    listen: bool = True

    def __repr__(self) -> str:
        """Leave secrets out: this is printed wherever a configuration is."""
        return "StoreConfig(…)"


class EngineAuthConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.auth]``."""

    kind: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None
    token_url: str | None = None
    exchange_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str = ""

    def __repr__(self) -> str:
        """Leave secrets out: this is printed wherever a configuration is."""
        return f"EngineAuthConfig(kind={self.kind!r})"


class EngineTlsConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.tls]``: files, as paths or as ``file:PATH``."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


class ProxyConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.proxy]``."""

    url: str = ""
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Leave secrets out: this is printed wherever a configuration is."""
        return f"ProxyConfig(url={self.url!r})"


class RetryConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.retry]``."""

    attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    budget: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    backoff_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 0.05


class BreakerConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.breaker]``."""

    failures: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    slow_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    window_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 10.0
    least_calls: Count = 20
    open_s: Annotated[float, msgspec.Meta(ge=0.1, le=3600)] = 5.0
    probes: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3


class EngineLimitsConfig(Table, frozen=True, kw_only=True):
    """``[engines.NAME.limits]``: how much one process asks of an engine at a time."""

    concurrency: Count = 50
    queue: Annotated[int, msgspec.Meta(ge=0)] = 100
    queue_s: Seconds = 1.0
    requests_per_s: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 0.0


class CommonEngineConfig(Table, frozen=True, kw_only=True):
    """The keys that every ``[engines.NAME]`` has, whatever its vendor."""

    vendor: str
    url: str
    timeout_s: Seconds = 30.0
    connect_timeout_s: Seconds = 5.0
    client: Literal["http1", "aiohttp", "thin"] = "http1"
    max_connections: Count = 100
    max_answer_bytes: Count = 64 * 1024 * 1024
    require_if_match: bool = False
    strong_binary: bool = False
    verify: Literal["off", "after"] = "off"
    auth: EngineAuthConfig = EngineAuthConfig()
    retry: RetryConfig = RetryConfig()
    breaker: BreakerConfig = BreakerConfig()
    limits: EngineLimitsConfig = EngineLimitsConfig()
    tls: EngineTlsConfig = EngineTlsConfig()
    proxy: ProxyConfig = ProxyConfig()


class EngineConfig(CommonEngineConfig, frozen=True, kw_only=True):
    """``[engines.NAME]``: the common keys; the vendor's own are in ``settings``.

    ``tls_digest`` is that of the files of ``tls``, once ``resolve`` has read them: with new files it is another engine.
    """

    settings: Any
    tls_digest: bytes = b""


class DialectConfig(Table, frozen=True, kw_only=True):
    """``[dialects.NAME]``: a front door in a vendor's own language."""

    vendor: str
    prefix: str
    engine: str
    host: Literal["caller", "engine"] = "caller"
    debug: bool = False
    accept_primitives: bool = False
    objects: Literal["json", "object"] = "json"
    federated: bool = False
    gateway_headers: bool = False


class StartConfig(Table, frozen=True, kw_only=True):
    """``[[routing.start]]``."""

    definition: str
    engine: str


class RoutingConfig(Table, frozen=True, kw_only=True):
    """``[routing]``."""

    probe: bool = True
    patterns: dict[str, str] = {}
    start: list[StartConfig] = []


class CorsConfig(Table, frozen=True, kw_only=True):
    """``[cors]``."""

    origins: list[str] = []


class BridgeConfig(Table, frozen=True, kw_only=True):
    """``[bridge]``."""

    enabled: bool = True


class LimitsConfig(Table, frozen=True, kw_only=True):
    """``[limits]``: what a caller may send."""

    max_body_bytes: Count = 10 * 1024 * 1024
    max_depth: Annotated[int, msgspec.Meta(ge=1, le=500)] = 64
    max_names: Count = 10_000
    max_batch_items: Count = 1000
    batch_at_once: Count = 16
    header_read_timeout_s: Seconds = 10.0
    body_read_timeout_s: Seconds = 30.0
    send_timeout_s: Seconds = 60.0
    max_timeout_s: Seconds = 60.0
    max_binary_bytes: Count = 2 * 1024 * 1024 * 1024
    max_query_rows: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    cursor_lifetime_s: Seconds = 3600.0


class LogConfig(Table, frozen=True, kw_only=True):
    """``[log]``."""

    json: bool | Literal["auto"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class TracingConfig(Table, frozen=True, kw_only=True):
    """``[tracing]``."""

    endpoint: str = ""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0


class ConfigFile(Table, frozen=True, kw_only=True):
    """A whole file; tables of engines are not converted yet, since their keys depend on the vendor."""

    server: ServerConfig = ServerConfig()
    auth: AuthConfig = AuthConfig()
    store: StoreConfig = StoreConfig()
    engines: dict[str, dict[str, Any]] = {}
    dialects: dict[str, DialectConfig] = {}
    routing: RoutingConfig = RoutingConfig()
    cors: CorsConfig = CorsConfig()
    bridge: BridgeConfig = BridgeConfig()
    limits: LimitsConfig = LimitsConfig()
    log: LogConfig = LogConfig()
    tracing: TracingConfig = TracingConfig()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A checked configuration; secrets are still references unless ``resolve`` returned it.

    Args:
        written: the same with the references, where ``resolve`` has replaced them.
    """

    source: str
    server: ServerConfig
    auth: AuthConfig
    store: StoreConfig
    engines: dict[str, EngineConfig]
    dialects: dict[str, DialectConfig]
    routing: RoutingConfig
    cors: CorsConfig
    bridge: BridgeConfig
    limits: LimitsConfig
    log: LogConfig
    tracing: TracingConfig
    written: Config | None = None

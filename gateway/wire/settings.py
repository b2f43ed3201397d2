"""How one engine is reached, as its client is told. Where the figures come from: ``gateway.config``."""

from __future__ import annotations

from typing import Literal

import msgspec


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a request of a plan is sent again.

    Args:
        attempts: at most, the first one counted; 1 = never again.
        budget: repetitions are at most this share of the engine's requests of the last ten seconds, or three.
        backoff_s: longest wait before the first repetition; doubled for each further one.
    """

    attempts: int = 3
    budget: float = 0.2
    backoff_s: float = 0.05


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When an engine that fails is left alone for a while.

    Args:
        failures: share of failed or slow exchanges that opens the breaker; 0 = it never opens.
        slow_s: an exchange that takes longer counts as failed; 0 = slowness does not count.
        window_s: how far back exchanges count.
        least_calls: fewer exchanges than these say nothing.
        open_s: how long nothing is sent.
        probes: exchanges that are then let through; if all go well, the breaker closes.
    """

    failures: float = 0.5
    slow_s: float = 0.0
    window_s: float = 10.0
    least_calls: int = 20
    open_s: float = 5.0
    probes: int = 3


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much one process asks of an engine at a time; long polls have a pool of their own.

    Args:
        concurrency: exchanges under way.
        queue: exchanges that may wait for their turn.
        queue_s: longest wait for it.
        requests_per_s: exchanges that begin within a second; 0 = any number.
    """

    concurrency: int = 50
    queue: int = 100
    queue_s: float = 1.0
    requests_per_s: float = 0.0


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """TLS towards one engine; paths of PEM files, empty where there is none.

    Args:
        ca: authorities that are trusted beside the system's.
        certificate, key: what we show if the engine asks who we are.
    """

    ca: str = ""
    certificate: str = ""
    key: str = ""


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy through which an engine is reached.

    Args:
        url: of the proxy.
        username: how the gateway makes itself known to it; None = it does not.
        password: of that user.
    """

    url: str
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Show the URL alone."""
        return f"ProxySettings(url={self.url!r})"


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one engine.

    Args:
        url: base URL of its API, without a trailing slash.
        timeout_s: longest wait for one answer; the caller's deadline may be nearer.
        auth_kind: ``forward`` hands the caller's own ``Authorization`` on.
        max_connections: sockets to this engine; further requests wait for one.
        max_answer_bytes: larger answers are refused; protects the gateway's memory.
        connect_timeout_s: longest wait for a connection.
        max_polls: sockets for requests that wait for work (long polls).
        keepalive_s: how long an idle connection is kept; less than the engine's own (Tomcat: 60 s).
        client: what sends requests held in full: ``http1`` (our own) or ``aiohttp``, which sends streams anyhow.
        proxy: what the engine is reached through; ``client`` is ``aiohttp`` then.
    """

    url: str
    timeout_s: float = 30.0
    auth_kind: str = "none"
    max_connections: int = 100
    max_answer_bytes: int = 64 * 1024 * 1024
    connect_timeout_s: float = 5.0
    keepalive_s: float = 15.0
    max_polls: int = 1000
    client: Literal["http1", "aiohttp"] = "http1"
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    limits: LimitSettings = LimitSettings()
    tls: TlsSettings = TlsSettings()
    proxy: ProxySettings | None = None

"""How one engine is reached, as its client is told. Where the figures come from: ``gateway.config``."""

from __future__ import annotations

from typing import Literal

import msgspec


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

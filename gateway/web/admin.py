"""The admin server (alive, ready, metrics), on its own port, for operators only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from aiohttp import web

from gateway.operations import Gateway, instances
from gateway.plan import Call

_PROBE_S = 0.8
"""Kubernetes waits one second for the answer to a probe, unless told otherwise."""


class State:
    """Whether the gateway takes requests, and what became of its configuration.

    Attributes:
        reload: which configuration is in use, as a struct; None = it cannot change.
    """

    def __init__(self) -> None:
        self.ready = False
        self.reload: msgspec.Struct | None = None


class Rendered(Protocol):
    """Metrics that can be rendered."""

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return body and content type, in a format that the reader takes."""
        ...


def application(
    current: Callable[[], Gateway], metrics: Rendered, state: State, store: Callable[[], Awaitable[bool]]
) -> web.Application:
    """Return the admin application; ``current`` returns the gateway, ``store`` whether the store can be used."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        loop, gateway = asyncio.get_running_loop(), current()
        call = Call(deadline=loop.time() + _PROBE_S, request_id=os.urandom(16).hex())
        asked = [instances.check_health(gateway, engine, call) for engine in gateway.engines.values()]
        reached, *answers = await asyncio.gather(_soon(store()), *asked)
        found = dict(zip(gateway.engines, answers, strict=True))
        ready = state.ready and reached is True
        body: dict[str, object] = {"ready": ready, "store": {"up": reached}, "engines": found}
        if state.reload is not None:
            body["configuration"] = state.reload
        status = 200 if ready else 503
        return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")

    async def exposition(request: web.Request) -> web.Response:
        body, kind = metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", exposition)
    return app


async def _soon(asked: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(_PROBE_S):
            return await asked
    except TimeoutError:
        return False

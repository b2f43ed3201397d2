"""The admin server, on its own port, for operators only: alive, ready, metrics, and the configuration in use."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Awaitable, Mapping
from typing import Protocol

import msgspec
from aiohttp import web

from gateway.access import Access
from gateway.errors import Forbidden, VarbridgeError
from gateway.observe.spans import trace_nothing
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


class Operated(Protocol):
    """What operators look at: the gateway as it is now."""

    @property
    def gateway(self) -> Gateway:
        """Return what operations stand on."""
        ...

    @property
    def access(self) -> Access:
        """Return what knows the callers."""
        ...

    @property
    def state(self) -> State:
        """Return whether requests are taken."""
        ...

    def describe_engines(self) -> Mapping[str, Mapping[str, object]]:
        """Return, for each engine, what is known of it without asking it."""
        ...

    def describe_config(self) -> object:
        """Return the configuration in use, without secrets."""
        ...

    def render_metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, in a format that the reader takes."""
        ...

    async def reach_store(self) -> bool:
        """Return whether the store can be used."""
        ...


def application(operated: Operated) -> web.Application:
    """Return the admin application."""

    async def readyz(_request: web.Request) -> web.Response:
        return await _describe_readiness(operated)

    async def exposition(request: web.Request) -> web.Response:
        body, kind = operated.render_metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": kind})

    async def config(request: web.Request) -> web.Response:
        return await _show_config(operated, request)

    app = web.Application()
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", exposition)
    app.router.add_get("/config", config)
    return app


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _describe_readiness(operated: Operated) -> web.Response:
    trace_nothing()
    gateway = operated.gateway
    call = Call(deadline=asyncio.get_running_loop().time() + _PROBE_S, request_id=os.urandom(16).hex())
    known = operated.describe_engines()
    asked = [instances.check_health(gateway, engine, call) for engine in gateway.engines.values()]
    reached, *answers = await asyncio.gather(_soon(operated.reach_store()), *asked)
    ready = operated.state.ready and reached is True
    body: dict[str, object] = {
        "ready": ready,
        "store": {"up": reached},
        "engines": {
            name: {**_members(health), **known.get(name, {})}
            for name, health in zip(gateway.engines, answers, strict=True)
        },
    }
    if operated.state.reload is not None:
        body["configuration"] = operated.state.reload
    return _json(body, 200 if ready else 503)


def _members(health: object) -> dict[str, object]:
    members: dict[str, object] = msgspec.to_builtins(health)
    return members


async def _soon(asked: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(_PROBE_S):
            return await asked
    except TimeoutError:
        return False


async def _show_config(operated: Operated, request: web.Request) -> web.Response:
    try:
        await _require_admin(operated.access, request)
    except VarbridgeError as error:
        return _json({"code": error.code, "detail": error.detail}, error.status, dict(error.headers))
    return _json(operated.describe_config(), 200, {"Cache-Control": "no-store"})


async def _require_admin(access: Access, request: web.Request) -> None:
    """Refuse whoever may not see how the gateway is configured.

    Where everybody is anonymous, with all scopes, only somebody on this machine may.

    Raises:
        Unauthenticated: nobody is known by these credentials. Forbidden: the caller lacks the scope ``admin``.
    """
    caller, _ = await access.recognise(request.headers, forwards=False)
    caller.require("admin")
    if "Authorization" not in request.headers and "X-Api-Key" not in request.headers and not _is_near(request.remote):
        raise Forbidden("Without credentials only this machine may ask.")


def _is_near(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _json(body: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json")

"""Puts ``http``, ``v1`` and ``proxy`` together, which do not know each other: the path says which dialect answers."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from gateway.plan import Call
from gateway.web.http import boundary
from gateway.web.http.server import Handler, Server
from gateway.web.proxy import relay
from gateway.web.proxy.door import Door, door_at
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.services import Services
from gateway.web.v1 import problems
from gateway.web.v1.request import UnifiedRequest


def handler(services: Services, doors: Sequence[Door] = ()) -> Handler:
    """Return the handler of every request.

    Args:
        services: what the dialects work with.
        doors: front doors in vendors' dialects, longest prefix first; all other paths are the unified dialect's.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        call = Call(deadline=0.0, request_id=boundary.request_id(request))
        door = door_at(doors, request.raw_path) if doors else None
        if door is not None:
            return await relay.answer(ProxiedRequest(services, door, request, call))
        return await boundary.respond(UnifiedRequest(services, request, call), services.metrics, services.cors_origins)

    return handle


def public_server(
    services: Services, doors: Sequence[Door] = (), *, keepalive_s: float = 75.0, lingering_s: float = 10.0
) -> Server:
    """Return the server of callers; arguments as for ``handler`` and ``Server``."""
    return Server(handler(services, doors), problems.answer, keepalive_s=keepalive_s, lingering_s=lingering_s)

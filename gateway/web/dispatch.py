"""Puts ``http``, ``v1`` and ``proxy`` together, which do not know each other: the path says which dialect answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from gateway.web.http import boundary
from gateway.web.http.server import Handler, Server
from gateway.web.proxy import relay
from gateway.web.proxy.door import Door, door_at
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.services import Services
from gateway.web.v1 import problems
from gateway.web.v1.request import UnifiedRequest


class Answering(Protocol):
    """What requests are answered with; the next request may have another."""

    @property
    def services(self) -> Services:
        """Return what the dialects work with."""
        ...

    @property
    def doors(self) -> Sequence[Door]:
        """Return the front doors in vendors' dialects, longest prefix first; all other paths are the unified one's."""
        ...

    def enter(self) -> None:
        """Count a request that begins."""

    def leave(self) -> None:
        """Count a request that ends."""


class Fixed(msgspec.Struct, frozen=True):
    """The same services and front doors for every request."""

    services: Services
    doors: Sequence[Door] = ()

    def enter(self) -> None:
        """Count nothing."""

    def leave(self) -> None:
        """Count nothing."""


def handler(current: Callable[[], Answering]) -> Handler:
    """Return the handler of every request; each is answered to its end by what is current when it begins."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        answering = current()
        answering.enter()
        try:
            services, doors = answering.services, answering.doors
            call = services.open_call(request)
            door = door_at(doors, request.raw_path) if doors else None
            if door is not None:
                return await relay.answer(ProxiedRequest(services, door, request, call))
            return await boundary.respond(
                UnifiedRequest(services, request, call), services.metrics, services.cors_origins
            )
        finally:
            answering.leave()

    return handle


def changing_server(
    current: Callable[[], Answering], *, keepalive_s: float = 75.0, lingering_s: float = 10.0
) -> Server:
    """Return the server of callers, whose services may change; arguments as for ``handler`` and ``Server``."""
    return Server(handler(current), problems.answer, keepalive_s=keepalive_s, lingering_s=lingering_s)


def public_server(
    services: Services, doors: Sequence[Door] = (), *, keepalive_s: float = 75.0, lingering_s: float = 10.0
) -> Server:
    """Return the server of callers, whose services stay."""
    fixed = Fixed(services, doors)
    return changing_server(lambda: fixed, keepalive_s=keepalive_s, lingering_s=lingering_s)

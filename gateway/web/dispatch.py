"""Puts ``http``, ``v1`` and ``proxy`` together, which do not know each other: the path says which dialect answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from aiohttp import web

from gateway.errors import Overloaded
from gateway.web.http import boundary
from gateway.web.http.server import Handler, Server
from gateway.web.proxy import relay
from gateway.web.proxy.door import Door, door_at
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.services import Services
from gateway.web.v1 import problems
from gateway.web.v1.request import UnifiedRequest

_SOON = (("Retry-After", "1"),)
"""Requests take milliseconds, so there is room in a second; it is the shortest time that can be said."""


class Answering(Protocol):
    """What requests are answered with; the next request may have another.

    Attributes:
        running: requests that are being answered with it.
        retired: whether no more of them begin.
    """

    running: int
    retired: bool

    @property
    def services(self) -> Services:
        """Return what the dialects work with."""
        ...

    @property
    def doors(self) -> Sequence[Door]:
        """Return the front doors in vendors' dialects, longest prefix first; all other paths are the unified one's."""
        ...

    def note_end(self) -> None:
        """Note that the last request has ended."""


class Fixed(msgspec.Struct):
    """The same services and front doors for every request."""

    services: Services
    doors: Sequence[Door] = ()
    running: int = 0
    retired: bool = False

    def note_end(self) -> None:
        """Do nothing: it is never retired."""


def handler(current: Callable[[], Answering]) -> Handler:
    """Return the handler of every request; each is answered to its end by what is current when it begins."""
    running = 0  # of all configurations

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal running
        answering = current()
        services, doors = answering.services, answering.doors
        call = services.open_call(request)
        door = door_at(doors, request.raw_path) if doors else None
        asked = (
            UnifiedRequest(services, request, call) if door is None else ProxiedRequest(services, door, request, call)
        )
        if 0 < services.max_in_flight <= running:
            return _shed(asked)
        running += 1
        answering.running += 1
        try:
            if isinstance(asked, ProxiedRequest):
                response = await relay.answer(asked)
            else:
                response = await boundary.respond(asked, services.metrics, services.cors_origins)
        finally:
            running -= 1
            answering.running -= 1
            if answering.retired and not answering.running:
                answering.note_end()
        if asked.delay_s:
            await asyncio.sleep(asked.delay_s)
        return response

    return handle


def _shed(asked: UnifiedRequest | ProxiedRequest) -> web.StreamResponse:
    """Refuse a request for which there is no room, before anything of it is looked at."""
    services = asked.services
    services.metrics.shed("in-flight")
    error = Overloaded(headers=_SOON)
    if isinstance(asked, ProxiedRequest):
        return relay.shed(asked, error)
    return boundary.shed(asked, error, services.metrics, services.cors_origins)


def changing_server(current: Callable[[], Answering], *, lingering_s: float = 10.0) -> Server:
    """Return the server of callers, whose services may change; arguments as for ``handler`` and ``Server``."""

    def count_shed(reason: str) -> None:
        current().services.metrics.shed(reason)

    return Server(
        handler(current),
        problems.answer,
        limits=lambda: current().services.connections,
        shed=count_shed,
        lingering_s=lingering_s,
    )


def public_server(services: Services, doors: Sequence[Door] = (), *, lingering_s: float = 10.0) -> Server:
    """Return the server of callers, whose services stay."""
    fixed = Fixed(services, doors)
    return changing_server(lambda: fixed, lingering_s=lingering_s)

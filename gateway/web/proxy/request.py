"""One request of a front door: what is known of it so far."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from aiohttp import hdrs, web

from gateway.access import Caller
from gateway.operations.destinations import Destination
from gateway.plan import Call
from gateway.port import DialectRequest, RequestFacts
from gateway.web.proxy.body_copy import BodyCopy
from gateway.web.proxy.door import Door
from gateway.web.services import Services


class ProxiedRequest:
    """One request of a front door on its way.

    Args:
        caller, facts, destination: each None until it is known, in this order.
        translated: the request as it is carried out as commands; None where it is relayed.
        body: a copy of the body as far as it was relayed; None where nothing of it was.
        show_id: puts the id into the body of a relayed answer as the caller wrote it; None where that is the engine's.
        rate_headers: what the answer says of the caller's rate, whatever the answer is.
        delay_s: how long the answer is held back.
        credentials_ours: whether the credentials were meant for the gateway; then no engine sees them.
        raw_target: path and query below the front door's prefix, as they were written.
        engine: name of the engine that the request goes to; the door's default until that is known.
        started: when it came, on the clock of ``perf_counter``.
        upstream: how requests are relayed to that engine.
    """

    __slots__ = (
        "body",
        "call",
        "caller",
        "credentials_ours",
        "delay_s",
        "destination",
        "door",
        "engine",
        "facts",
        "rate_headers",
        "raw_target",
        "request",
        "services",
        "show_id",
        "started",
        "translated",
        "upstream",
    )

    def __init__(self, services: Services, door: Door, request: web.BaseRequest, call: Call) -> None:
        self.services, self.door, self.request, self.call = services, door, request, call
        self.started = perf_counter()
        self.caller: Caller | None = None
        self.credentials_ours = False
        self.rate_headers: tuple[tuple[str, str], ...] = ()
        self.delay_s = 0.0
        self.facts: RequestFacts | None = None
        self.destination: Destination | None = None
        self.translated: DialectRequest | None = None
        self.body: BodyCopy | None = None
        self.show_id: Callable[[bytes], bytes] | None = None
        self.raw_target = request.raw_path[len(door.prefix) :]
        self._go_to(door.default.name)

    def _go_to(self, engine: str) -> None:
        self.engine = engine
        self.upstream = self.door.upstreams[engine]

    def set_destination(self, destination: Destination) -> None:
        """Note where the request goes."""
        self.destination = destination
        if destination.engine.name != self.engine:
            self._go_to(destination.engine.name)

    @property
    def accept(self) -> str:
        """Return the ``Accept`` header; empty where there is none."""
        return self.request.headers.get(hdrs.ACCEPT, "")

    def is_gone(self) -> bool:
        """Return whether the caller has gone away."""
        transport = self.request.transport
        return transport is None or transport.is_closing()

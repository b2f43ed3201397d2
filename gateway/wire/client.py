"""One engine's client: two senders behind its gate; ``run`` carries out plans, ``relay`` hands requests on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from aiohttp import http_parser

from gateway.observe.spans import Spans
from gateway.plan import Call, Plan
from gateway.port import Engine
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.aiohttp_sender import AiohttpSender
from gateway.wire.credentials import authenticate_raw
from gateway.wire.drive import drive
from gateway.wire.fetch import Road, request_token
from gateway.wire.gate import Gate, Observer
from gateway.wire.http1 import Http1Sender
from gateway.wire.sessions import Sessions
from gateway.wire.settings import ClientSettings
from gateway.wire.stack import Tap, stack
from gateway.wire.tls import engine_context
from gateway.wire.traced import Drive, note_repetition, trace_plans

R = TypeVar("R")


def require_c_parser() -> None:
    """Require that aiohttp parses HTTP with its C parser; most smuggling faults concern the other one.

    Raises:
        RuntimeError: it does not.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        msg = "aiohttp runs without its C parser; install a wheel that has it"
        raise RuntimeError(msg)


class EngineClient:
    """Carries plans out on one engine, and hands raw requests on to it.

    Args:
        engine: makes the plans, and signs requests.
        settings: how it is reached.
        observer: counts exchanges.
        tap: is shown each exchange.
        spans: traces plans and exchanges; None = nothing is traced.

    Raises:
        OSError: when it is made: a file of the engine's TLS cannot be used.
    """

    def __init__(
        self,
        engine: Engine,
        settings: ClientSettings,
        observer: Observer,
        tap: Tap | None = None,
        spans: Spans | None = None,
    ) -> None:
        self.engine = engine
        self._closed = False
        self._tls = engine_context(settings)
        road = Road(tls=self._tls, proxy=settings.proxy)
        self.gate = gate = Gate(engine.name, settings, observer, spans)
        self._aiohttp = AiohttpSender(engine.name, settings)
        self._http1 = Http1Sender(engine.name, settings, self._aiohttp.send, self._aiohttp.relay)
        if settings.client == "http1":
            held, raw = gate.guard_held(self._http1.send), gate.guard_raw(self._http1.relay)
        else:
            held, raw = gate.guard_held(self._aiohttp.send), gate.guard_raw(self._aiohttp.relay)
        self._sessions = sessions = Sessions(engine, held, partial(request_token, engine.name, road))
        self._send = stack(engine, settings, held, raw, sessions, tap, self._repeated(observer, spans))
        self._drive: Drive = drive if spans is None else trace_plans(drive, spans)
        self._relay = authenticate_raw(raw, engine, settings.auth_kind, sessions)

    def _repeated(self, observer: Observer, spans: Spans | None) -> Callable[[], None]:
        """Return what is called for each request that is sent again."""

        def repeated() -> None:
            observer.repeated(self.engine.name)
            if spans is not None:
                note_repetition()

        return repeated

    @property
    def is_closed(self) -> bool:
        """Return whether the connections are closed for good."""
        return self._closed

    async def start(self) -> None:
        """Open the engine's sessions; nothing is sent yet."""
        await self._aiohttp.open(self._tls)
        self._http1.open(self._tls)

    async def close(self) -> None:
        """Close the engine's connections."""
        self._closed = True
        await self._sessions.close()
        await self._http1.close()
        await self._aiohttp.close()

    def run(self, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Carry a plan out; every error names the engine.

        Raises:
            VarbridgeError: what the plan raised, when awaited.
        """
        send = self._send
        return self._drive(plan, lambda request: send(request, call), self.engine.name)

    def relay(self, request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        """Hand a request on and return its answer as soon as the head of it is there.

        Raises:
            EngineFailure: the road failed, when awaited; whatever the engine answers is an answer.
        """
        return self._relay(request, call)

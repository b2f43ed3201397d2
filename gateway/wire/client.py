"""One engine's client: its session, its stack, and the door ``run``."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import http_parser

from gateway.errors import VarbridgeError
from gateway.plan import Call, Plan
from gateway.port import Engine
from gateway.wire.drive import drive
from gateway.wire.socket import ClientSettings, Socket
from gateway.wire.stack import Observer, Tap, stack

R = TypeVar("R")

__all__ = ["ClientSettings", "EngineClient", "require_c_parser"]


def require_c_parser() -> None:
    """Make sure that aiohttp parses HTTP with its C parser; most smuggling faults concern the other one.

    Raises:
        RuntimeError: it does not.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        msg = "aiohttp runs without its C parser; install a wheel that has it"
        raise RuntimeError(msg)


class EngineClient:
    """Carries plans out on one engine."""

    def __init__(self, engine: Engine, settings: ClientSettings, observer: Observer, tap: Tap | None = None) -> None:
        self.engine = engine
        self._socket = Socket(engine.name, settings)
        self._send = stack(engine, settings, self._socket, observer, tap)

    async def start(self) -> None:
        """Open the engine's session; nothing is sent yet."""
        await self._socket.open()

    async def close(self) -> None:
        """Close the engine's connections."""
        await self._socket.close()

    async def run(self, plan: Plan[R], call: Call) -> R:
        """Carry a plan out; every error names the engine.

        Raises:
            VarbridgeError: what the plan raised.
        """
        send = self._send
        try:
            return await drive(plan, lambda request: send(request, call))
        except VarbridgeError as error:
            error.engine = error.engine or self.engine.name
            raise

"""The clients of all engines as one: operations are given it as their runner, and name the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from gateway.plan import Call, Plan
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.client import EngineClient

R = TypeVar("R")


class Clients:
    """The engines' clients by name; operations are given this as their runner."""

    def __init__(self, clients: Mapping[str, EngineClient]) -> None:
        self._clients = clients

    def __call__(self, engine: str, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Carry a plan out on an engine."""
        return self._clients[engine].run(plan, call)

    def relay(self, engine: str, request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        """Send a request to an engine unchanged."""
        return self._clients[engine].relay(request, call)

    async def start(self) -> None:
        """Open every session."""
        for client in self._clients.values():
            await client.start()

    async def close(self) -> None:
        """Close every session."""
        for client in self._clients.values():
            await client.close()

"""Dry runs: an operation carried out as usual, except that nothing that writes is sent.

A rehearsal stands where the runner stands. It hands every plan's reads on, keeps its writes back, and gives the plan
the answer that success would be (``Engine.supposed``), so that what comes after a write is seen too. What must not
live here: how requests are shown (``gateway.web.v1.dry_runs``).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import msgspec

from gateway.errors import EngineFailure
from gateway.model.results import Rule
from gateway.operations.gateway import Gateway
from gateway.operations.locks import WriteLocks
from gateway.plan import Call, Multipart, Plan, Stream, VendorRequest
from gateway.port import Engine

R = TypeVar("R")


class Shown(msgspec.Struct, frozen=True):
    """One request of a rehearsal: sent if it reads, kept back if it writes."""

    engine: Engine
    request: VendorRequest


class Unlocked(WriteLocks):
    """Locks that nobody waits in: a rehearsal writes nothing, so it keeps nobody out."""

    async def hold(self, key: tuple[str, str], call: Call, work: Callable[[], Awaitable[R]]) -> R:
        """Do the work at once."""
        del key, call
        return await work()


class Rehearsal:
    """A runner that keeps writes back; ``shown`` and ``rules`` tell what would have happened, in order."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.shown: list[Shown] = []
        self.rules: list[Rule] = []

    @property
    def stage(self) -> Gateway:
        """Give the gateway to rehearse on."""
        return self._gateway.running(self, Unlocked())

    async def __call__(self, engine: str, plan: Plan[R], call: Call) -> R:
        """Carry a plan out as far as it reads; a body that streams is taken to its end and dropped."""
        started = len(self.shown)
        result = await self._gateway.run(engine, self._rehearsed(self._gateway.engines[engine], plan), call)
        for shown in self.shown[started:]:
            for token in streamed(shown.request):
                await _dropped(call.streams[token])
        self.rules += getattr(result, "rules", ())
        return result

    def _rehearsed(self, engine: Engine, plan: Plan[R]) -> Plan[R]:
        try:
            request = next(plan)
            while True:
                self.shown.append(Shown(engine, request))
                if request.writes:
                    request = plan.send(engine.supposed(request))
                    continue
                try:
                    answer = yield request
                except EngineFailure as failure:
                    request = plan.throw(failure)
                else:
                    request = plan.send(answer)
        except StopIteration as done:
            result: R = done.value
            return result
        finally:
            plan.close()


def streamed(request: VendorRequest) -> tuple[str, ...]:
    """Give the tokens of the streams in a request's body, in order."""
    if isinstance(request.body, Stream):
        return (request.body.token,)
    if isinstance(request.body, Multipart):
        return tuple(part.content.token for part in request.body.parts if isinstance(part.content, Stream))
    return ()


async def _dropped(pieces: AsyncIterable[bytes]) -> None:
    async for _ in pieces:
        pass

"""Dry runs: an operation carried out as usual, except that no request that writes is sent.

A dry run takes the place of the runner. It sends the reads of every plan, keeps the writes back, and hands the plan
the answer of a success (``Engine.assume_success``), so that what comes after a write is shown too. What must not live
here: how requests are shown (``gateway.web.v1.dry_runs``).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.results import Rule
from gateway.operations.gateway import Gateway
from gateway.operations.locks import WriteLocks
from gateway.plan import Call, Multipart, Plan, Stream, VendorRequest
from gateway.port import Engine

R = TypeVar("R")


class ShownRequest(msgspec.Struct, frozen=True):
    """One request of a dry run: sent if it reads, kept back if it writes."""

    engine: Engine
    request: VendorRequest


class NoLocks(WriteLocks):
    """Locks that nobody waits for: a dry run writes nothing, so it excludes nobody."""

    async def hold(self, key: tuple[str, str], call: Call, work: Callable[[], Awaitable[R]]) -> R:
        """Do the work at once."""
        del key, call
        return await work()


class DryRunner:
    """A runner that keeps writes back; ``shown`` and ``rules`` are what would have happened, in order."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.shown: list[ShownRequest] = []
        self.rules: list[Rule] = []

    @property
    def gateway(self) -> Gateway:
        """Return the gateway on which operations are carried out as a dry run."""
        return self._gateway.for_dry_run(self, NoLocks())

    async def __call__(self, engine: str, plan: Plan[R], call: Call) -> R:
        """Carry a plan out as far as it reads; a body that streams is read to its end and dropped."""
        started = len(self.shown)
        result = await self._gateway.run(engine, self._keep_back(self._gateway.engines[engine], plan), call)
        for shown in self.shown[started:]:
            for token in stream_tokens(shown.request):
                await _drop(call.streams[token])
        self.rules += getattr(result, "rules", ())
        return result

    def _keep_back(self, engine: Engine, plan: Plan[R]) -> Plan[R]:
        try:
            request = next(plan)
            while True:
                self.shown.append(ShownRequest(engine, request))
                if request.writes:
                    request = plan.send(engine.assume_success(request))
                    continue
                try:
                    answer = yield request
                except VarbridgeError as failure:
                    request = plan.throw(failure)
                else:
                    request = plan.send(answer)
        except StopIteration as done:
            result: R = done.value
            return result
        finally:
            plan.close()


def stream_tokens(request: VendorRequest) -> tuple[str, ...]:
    """Return the tokens of the streams in a request's body, in order."""
    if isinstance(request.body, Stream):
        return (request.body.token,)
    if isinstance(request.body, Multipart):
        return tuple(part.content.token for part in request.body.parts if isinstance(part.content, Stream))
    return ()


async def _drop(pieces: AsyncIterable[bytes]) -> None:
    async for _ in pieces:
        pass

"""Callers of two engines at fixed rates, whatever the answers: how callers of the one fare while the other is sick.

One order a line on standard input (JSON of ``Order``), one ``Fared`` a line on standard output. A request of those who are
measured that finds no connection free waits for one, and its wait counts: an answer that is late makes others late.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter, deque
from collections.abc import Iterator
from time import perf_counter
from typing import cast

import msgspec
import uvloop

from tests.bench.work import patch, status_of

_TICK_S = 0.002
"""Requests that are due are sent this often."""


class Crowd(msgspec.Struct, kw_only=True):
    """Callers of one engine.

    Args:
        instances: canonical ids that they patch in turn.
        rate: requests a second of all of them.
        connections: most that are under way.
        patient: whether a request that finds no connection free waits for one, or is not sent: else those that an engine
            has kept waiting would all come at once when its breaker opens.
    """

    instances: list[str]
    rate: float
    connections: int
    patient: bool = True


class Order(msgspec.Struct, kw_only=True):
    """Who sends what: ``others`` are those who are measured, ``ill`` those of the engine that may be sick."""

    port: int
    seconds: float
    others: Crowd
    ill: Crowd


class Fared(msgspec.Struct, kw_only=True):
    """What the others saw: times from when a request was due to its answer, and each status that is no 2xx; 0 = no answer."""

    requests: int
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]
    ill: dict[str, int]
    """What callers of the engine that may be sick saw: how often each status."""


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: _Running) -> None:
        self._crowd = crowd
        self._answer = bytearray()
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def send(self, text: bytes, due: float) -> None:
        """Send a request."""
        self._due = due
        self.transport.write(text)

    def data_received(self, data: bytes) -> None:
        """Take an answer; be free for the next request."""
        self._answer += data
        if status := status_of(self._answer):
            self._answer.clear()
            self._crowd.take(status, perf_counter() - self._due)
            self._due = 0.0
            self._crowd.free.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a request whose answer did not come as one of status 0."""
        if self._due and not self.transport.is_closing():
            self._crowd.take(0, perf_counter() - self._due)


class _Running:
    """A crowd at work."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._texts: Iterator[bytes] = itertools.cycle([patch(each) for each in crowd.instances])
        self.free: deque[_Caller] = deque()
        self._waiting: deque[float] = deque()
        self.spent: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def connect(self, port: int) -> list[_Caller]:
        loop = asyncio.get_running_loop()
        for _ in range(self._crowd.connections):
            _, caller = await loop.create_connection(lambda: _Caller(self), "127.0.0.1", port)
            self.free.append(caller)
        return list(self.free)

    def take(self, status: int, spent: float) -> None:
        self.statuses[status] += 1
        self.spent.append(spent)

    async def work(self, seconds: float) -> None:
        began = perf_counter()
        sent = 0
        while (now := perf_counter()) < began + seconds:
            due = int((now - began) * self._crowd.rate)
            self._waiting.extend([now] * (due - sent))
            sent = due
            while self._waiting and self.free:
                self.free.popleft().send(next(self._texts), self._waiting.popleft())
            if not self._crowd.patient:
                self._waiting.clear()
            await asyncio.sleep(_TICK_S)


async def fared(order: Order) -> Fared:
    """Carry an order out."""
    others, ill = _Running(order.others), _Running(order.ill)
    callers = [*await others.connect(order.port), *await ill.connect(order.port)]
    try:
        await asyncio.gather(others.work(order.seconds), ill.work(order.seconds))
        await asyncio.sleep(_TICK_S * 5)
    finally:
        for caller in callers:
            caller.transport.abort()
    spent = sorted(others.spent)
    return Fared(
        requests=len(spent),
        p50_ms=spent[len(spent) // 2] * 1000,
        p99_ms=spent[len(spent) * 99 // 100] * 1000,
        errors={str(status): count for status, count in others.statuses.items() if not 200 <= status < 300},
        ill={str(status): count for status, count in ill.statuses.items()},
    )


def main() -> None:
    """Work order by order until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            done = runner.run(fared(msgspec.json.decode(line, type=Order)))
            print(msgspec.json.encode(done).decode(), flush=True)


if __name__ == "__main__":
    main()

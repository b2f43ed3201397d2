"""The load generator, a process of its own: 32 keep-alive connections, one request at a time each.

One order a line on standard input (JSON of ``Order``), one ``Block`` a line on standard output. CPU time is read here,
at both ends of the measured window, so that connecting and warming up are not in it.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path
from time import perf_counter
from typing import cast

import msgspec
import uvloop

from tests.bench.work import status_of, texts


class Order(msgspec.Struct, kw_only=True):
    """What to send.

    Args:
        pid: whose CPU time to read.
        beside: ports and process ids of further gateways that share the work; workers of one have the same port.
        seconds: longest window. requests: most answers in it. warm_up: answers before it, at least one.
    """

    port: int
    pid: int
    work: str
    seconds: float
    requests: int = 1_000_000_000
    warm_up: int = 200
    connections: int = 32
    beside: list[tuple[int, int]] = []

    @property
    def ports(self) -> list[int]:
        """Return the ports that connections take in turn."""
        return [self.port, *(port for port, _ in self.beside)]

    def cpu_ns(self) -> int:
        """Return the CPU time of all processes so far, in nanoseconds."""
        return sum(map(cpu_ns, (self.pid, *(pid for _, pid in self.beside))))


class Block(msgspec.Struct, kw_only=True):
    """What came of it.

    Args:
        sent: all requests; ``requests`` of them were answered within the measured window.
        cpu_us: CPU time of all threads per request.
        statuses: the answers that are no 2xx.
    """

    sent: int
    requests: int
    seconds: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]


def cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of a process, in nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split(" ", 1)[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has just ended
    return total


class _Window:
    """The requests of one block: handed out, and from the end of the warm-up on timed and counted.

    The stream neither stops before the measured stretch nor at its end: at both, every connection is busy.
    """

    def __init__(self, order: Order) -> None:
        self._texts = itertools.cycle(texts(order.work))
        self._order = order
        self._answered = self.sent = 0
        self.began = self.ended = 0.0
        self.spent: list[float] = []
        self.statuses: dict[str, int] = {}

    def next(self) -> bytes | None:
        """Return the next request; None when the window is over."""
        if self.ended:
            return None
        self.sent += 1
        return next(self._texts)

    def done(self, status: int, spent: float) -> None:
        """Take one answer."""
        if not 200 <= status < 300:
            self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1
        self._answered += 1
        if self.ended or self._answered < self._order.warm_up:
            return
        if not self.began:
            self._cpu_ns = self._order.cpu_ns()
            self.began = perf_counter()
            return
        self.spent.append(spent)
        now = perf_counter()
        if len(self.spent) >= self._order.requests or now >= self.began + self._order.seconds:
            spent_ns = self._order.cpu_ns() - self._cpu_ns
            self.cpu_us = max(spent_ns, 1) / 1000  # a few requests may take less than the kernel's clock shows
            self.ended = now


class _Caller(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class
        self._answer = bytearray()
        self._ended: asyncio.Future[None] | None = None

    def work(self, window: _Window) -> asyncio.Future[None]:
        """Work until the window is over."""
        self._window = window
        self._ended = asyncio.get_running_loop().create_future()
        self._send()
        return self._ended

    def _send(self) -> None:
        text = self._window.next()
        if text is None:
            assert self._ended is not None
            self._ended.set_result(None)
            return
        self._sent = perf_counter()
        self.transport.write(text)

    def data_received(self, data: bytes) -> None:
        """Take an answer; send what is next."""
        self._answer += data
        status = status_of(self._answer)
        if status:
            self._answer.clear()
            self._window.done(status, perf_counter() - self._sent)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report a connection that the other side has closed."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(exc or ConnectionError("closed by the other side"))


async def block(order: Order) -> Block:
    """Carry an order out."""
    loop = asyncio.get_running_loop()
    ports = itertools.islice(itertools.cycle(order.ports), order.connections)
    callers = [(await loop.create_connection(_Caller, "127.0.0.1", port))[1] for port in ports]
    window = _Window(order)
    try:
        await asyncio.gather(*(caller.work(window) for caller in callers))
    finally:
        for caller in callers:
            caller.transport.abort()
    spent = sorted(window.spent)
    return Block(
        sent=window.sent,
        requests=len(spent),
        seconds=window.ended - window.began,
        cpu_us=window.cpu_us / len(spent),
        p50_ms=spent[len(spent) // 2] * 1000,
        p99_ms=spent[len(spent) * 99 // 100] * 1000,
        statuses=window.statuses,
    )


def main() -> None:
    """Work order by order until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            done = runner.run(block(msgspec.json.decode(line, type=Order)))
            print(msgspec.json.encode(done).decode(), flush=True)


if __name__ == "__main__":
    main()

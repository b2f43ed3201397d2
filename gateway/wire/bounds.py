"""What bounds an exchange in time. Nothing starts after the caller's deadline, whatever its kind.

A *held* exchange ends with its answer: at the deadline or after the engine's own time, whichever is nearer. A *raw* one
is bounded up to the head of its answer by the deadline and by silence. Once the first byte of a streamed body went out,
and once the head of an answer came, only silence ends it, so that a transfer of gigabytes is not cut in the middle. A
long poll has no deadline once it was sent: it asks to wait, and its own time is the silence that it may keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from gateway.errors import EngineFailure, EngineTimeout
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.deadlines import Deadline, Deadlines
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.failures import NOTHING_SENT, NotSentInTime, name_failure
from gateway.wire.leases import require_leases

TICK_S = 1.0
"""How often a waiting request looks whether its caller is still there."""


def bound_held(inner: HeldExchange, engine: str, timeout_s: float) -> HeldExchange:
    """End an exchange when the caller's deadline or the engine's own time is over, whichever is nearer."""
    deadlines = Deadlines()

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        loop = asyncio.get_running_loop()
        now = loop.time()
        _require_time(call, now, engine)
        task = asyncio.current_task(loop)
        if task is None:
            raise EngineTimeout("There is no task to bound.", engine=engine)
        deadline = Deadline(task, min(call.deadline, now + timeout_s), task.cancelling())
        deadlines.begin(deadline, loop)
        try:
            return await inner(request, call)
        except asyncio.CancelledError as cancelled:
            if not deadline.fired or task.uncancel() > deadline.before:
                raise
            raise name_failure(_late(cancelled), engine, writes=request.writes) from cancelled
        finally:
            deadlines.end(deadline)

    return send


def bound_raw(inner: RawExchange, engine: str) -> RawExchange:
    """End an exchange at the deadline while no body flows, else when nothing moves for too long."""

    async def send(request: RawRequest, call: Call) -> RawAnswer:
        _require_time(call, asyncio.get_running_loop().time(), engine)
        watch = Watch(request, call, engine)
        try:
            return await inner(watch.request(), call)
        except asyncio.CancelledError as cancelled:
            if not watch.over or not watch.take_cancellation_back():
                raise
            raise name_failure(_late(cancelled), engine, writes=request.writes) from None
        except EngineFailure as failed:
            if watch.broken is None:
                raise
            raise watch.take_broken() from failed
        finally:
            watch.stop()

    return send


def _require_time(call: Call, now: float, engine: str) -> None:
    if call.deadline <= now:
        raise EngineTimeout("The deadline was over before the engine was asked.", engine=engine)


def _late(cancelled: asyncio.CancelledError) -> Exception:
    return NotSentInTime() if cancelled.args == (NOTHING_SENT,) else TimeoutError()


class Watch:
    """Cancels a raw exchange when its time is over, or when the caller of a read or of a poll has gone.

    Attributes:
        over: whether the time was over.
        broken: what the caller's body broke off with, or the lease that ran out while it flowed.
    """

    __slots__ = ("_before", "_call", "_engine", "_handle", "_loop", "_request", "_task", "_until", "broken", "over")

    def __init__(self, request: RawRequest, call: Call, engine: str) -> None:
        self._request, self._call, self._engine = request, call, engine
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0
        now = self._loop.time()
        silent_until = now + request.idle_s
        self._until = silent_until if request.polls else min(silent_until, call.deadline)
        self.over = False
        self.broken: Exception | None = None
        self._handle = self._loop.call_later(min(TICK_S, self._until - now), self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        self.over = now >= self._until
        gone = (self._request.polls or not self._request.writes) and self._request.gone()
        if self._task is not None and (self.over or gone):
            _ = self._task.cancel()
            return
        self._handle = self._loop.call_later(min(TICK_S, self._until - now), self._tick)

    def request(self) -> RawRequest:
        """Return the request, its streamed body watched."""
        body = self._request.body
        if body is None or isinstance(body, bytes):
            return self._request
        return msgspec.structs.replace(self._request, body=self._watched(body))

    async def _watched(self, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield a body piece by piece; each, and the end, is a sign of life. None goes out after its lease.

        An engine that has not got the whole of a body does nothing with it.
        """
        try:
            async for piece in body:
                self._require_lease()
                self._until = self._loop.time() + self._request.idle_s
                yield piece
            self._require_lease()
            self._until = self._loop.time() + self._request.idle_s
        except Exception as error:
            self.broken = error
            raise

    def _require_lease(self) -> None:
        if self._request.writes and self._call.leases:
            require_leases(self._call, self._engine)

    def take_broken(self) -> BaseException:
        """Return what the body broke off with, and keep it no longer: its traceback holds whoever holds it."""
        broken, self.broken = self.broken, None
        return broken or AssertionError("the body did not break off")

    def take_cancellation_back(self) -> bool:
        """Take the cancellation back; return whether it was the only one."""
        return self._task is not None and self._task.uncancel() <= self._before

    def stop(self) -> None:
        """Stop watching."""
        self._handle.cancel()

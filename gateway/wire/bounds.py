"""What bounds an exchange in time. Nothing starts after the caller's deadline, whatever its kind.

A *held* exchange ends with its answer: at the deadline or after the engine's own time, whichever is nearer. A *raw* one
is bounded up to the head of its answer by the deadline and by silence. Once the first byte of a streamed body went out,
and once the head of an answer came, only silence ends it, so that a transfer of gigabytes is not cut in the middle. A
long poll has no deadline once it was sent: it asks to wait, and its own time is the silence that it may keep.
"""

from __future__ import annotations

import asyncio

from gateway.errors import EngineFailure, EngineTimeout, VarbridgeError
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.deadlines import Deadline, Deadlines
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.failures import NOTHING_SENT, NotSentInTime, name_failure
from gateway.wire.places import Places
from gateway.wire.watch import Watch


def bound_held(inner: HeldExchange, engine: str, timeout_s: float, places: Places) -> HeldExchange:
    """End an exchange when the caller's deadline or the engine's own time is over, whichever is nearer.

    It waits for a place before, if none is free.
    """
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
        placed = False
        try:
            if not places.take(now):
                await places.enter()
            placed = True
            return await inner(request, call)
        except asyncio.CancelledError as cancelled:
            if not deadline.fired or task.uncancel() > deadline.before:
                raise
            raise name_failure(_late(cancelled), engine, writes=request.writes) from cancelled
        finally:
            deadlines.end(deadline)
            if placed:
                places.leave()

    return send


def bound_raw(inner: RawExchange, engine: str, places: Places) -> RawExchange:
    """End an exchange at the deadline while no body flows, else when nothing moves for too long.

    It has a place until its answer is closed; long polls have places of their own.
    """
    deadlines = Deadlines()

    async def send(request: RawRequest, call: Call) -> RawAnswer:
        now = asyncio.get_running_loop().time()
        _require_time(call, now, engine)
        watch = Watch(request, call, engine, deadlines)
        leave = None
        try:
            if not request.polls:
                if not places.take(now):
                    await places.enter()
                leave = places.leave
            answer = await inner(watch.watched_request(), call)
            answer.leave, leave = leave, None
            return answer  # noqa: TRY300 - the place goes with it
        except asyncio.CancelledError as cancelled:
            if not watch.over or not watch.take_cancellation_back():
                raise
            raise name_failure(_late(cancelled), engine, writes=request.writes) from None
        except EngineFailure:
            if watch.broken is None:
                raise
            broken, watch.broken = watch.broken, None
            if isinstance(broken, VarbridgeError):
                broken.__traceback__ = None  # has a frame of aiohttp's that holds it; nobody reads that of a refusal
        finally:
            watch.stop()
            if leave is not None:
                leave()
        try:
            raise broken  # not ``from`` the failure, whose own cause it is
        finally:
            del broken  # its traceback holds this frame

    return send


def _require_time(call: Call, now: float, engine: str) -> None:
    if call.deadline <= now:
        raise EngineTimeout("The deadline was over before the engine was asked.", engine=engine)


def _late(cancelled: asyncio.CancelledError) -> Exception:
    return NotSentInTime() if cancelled.args == (NOTHING_SENT,) else TimeoutError()

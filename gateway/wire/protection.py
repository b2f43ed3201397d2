"""What protects an engine, as layers of the gate: its breaker, and its places.

The breaker comes before the deadline's bound: it does not wait, and must see that an engine let a deadline pass. The
places come after it, since the deadline bounds the wait for one.
"""

from __future__ import annotations

import asyncio

from gateway.errors import EngineFailure
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.breaker import Breaker
from gateway.wire.exchange import A, Exchange, HeldExchange, Q, RawExchange
from gateway.wire.places import Places


def break_circuit(inner: Exchange[Q, A], breaker: Breaker) -> Exchange[Q, A]:
    """Send nothing while the breaker is open; report how each exchange ended, a raw one by the head of its answer.

    Raises:
        CircuitOpen: when awaited; nothing was sent.
    """

    async def send(request: Q, call: Call) -> A:
        clock = asyncio.get_running_loop().time
        started = clock()
        admitted = breaker.admit(started)
        try:
            answer = await inner(request, call)
        except EngineFailure as error:
            now = clock()
            if breaker.is_failure(error, now - started):
                breaker.report(admitted, now, failed=True)
            else:
                breaker.abandon(admitted)
            raise
        except BaseException:  # refused by the gate, or its caller has gone
            breaker.abandon(admitted)
            raise
        now = clock()
        spent = 0.0 if getattr(request, "polls", False) else now - started
        breaker.report(admitted, now, failed=breaker.is_bad(answer.status, spent))
        return answer

    return send


def limit_held(inner: HeldExchange, places: Places) -> HeldExchange:
    """Send while there is a place.

    Raises:
        Overloaded: when awaited; nothing was sent.
    """

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        if not places.try_enter():
            await places.enter()
        try:
            if places.is_paced:
                await places.pace()
            return await inner(request, call)
        finally:
            places.leave()

    return send


def limit_raw(inner: RawExchange, places: Places) -> RawExchange:
    """Send while there is a place, and keep it until the answer is closed. Long polls have places of their own.

    Raises:
        Overloaded: when awaited; nothing was sent.
    """

    async def send(request: RawRequest, call: Call) -> RawAnswer:
        if request.polls:
            return await inner(request, call)
        if not places.try_enter():
            await places.enter()
        try:
            if places.is_paced:
                await places.pace()
            answer = await inner(request, call)
        except BaseException:
            places.leave()
            raise
        answer.leave = places.leave
        return answer

    return send

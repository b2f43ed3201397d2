"""The sender stack: what every request to an engine passes through, as one list read top to bottom.

Each layer is a closure made once at start around the next one; what varies by call comes with ``Call``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Protocol, TypeAlias

from gateway.errors import ConcurrentUpdate, EngineFailure, EngineTimeout, OutcomeUnknown
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.port import Engine
from gateway.wire.credentials import Sender, Sessions, authenticated
from gateway.wire.deadlines import Deadline, Deadlines
from gateway.wire.relay import Relay
from gateway.wire.socket import ClientSettings
from gateway.wire.streamed import streaming


class Observer(Protocol):
    """Who counts exchanges with engines."""

    def exchange(  # noqa: PLR0913 - one flat record, by position of a table
        self, engine: str, method: str, status: int | None, error_code: str | None, duration_s: float, *, writes: bool
    ) -> None:
        """Count one exchange."""


Tap: TypeAlias = Callable[[str, VendorRequest, VendorResponse], None]
"""Shown each exchange of an engine, unsigned: for demonstrations and dry runs, never for logs."""


def stack(  # noqa: PLR0913, PLR0917 - what the layers need, once
    engine: Engine,
    settings: ClientSettings,
    innermost: Sender,
    relay: Relay,
    sessions: Sessions,
    observer: Observer,
    tap: Tap | None = None,
) -> Sender:
    """Give the stack of one engine."""
    send = innermost
    layers: list[Callable[[Sender], Sender]] = [
        # read bottom to top when building, top to bottom when a request travels:
        lambda inner: logged(inner, engine.name, observer),  # what was asked, before anything secret is added
        lambda inner: authenticated(
            inner, engine, settings.auth_kind, sessions
        ),  # credentials, the session, one re-login
        # retry: safe and absolute-set requests within the budget stand here
        # breaker: an engine that keeps failing is left alone here
        # limits: rate and concurrency of one engine stand here; the connector's cap is in force already
        # what streams is bounded by silence instead of by time:
        lambda inner: streaming(inner, relay, engine.name, settings.timeout_s, settings.max_answer_bytes),
        lambda inner: bounded(inner, engine.name, settings.timeout_s),  # what is left of the deadline
    ]
    if tap is not None:
        layers.insert(0, lambda inner: tapped(inner, engine.name, tap))
    for layer in reversed(layers):
        send = layer(send)
    return send


def tapped(inner: Sender, engine: str, tap: Tap) -> Sender:
    """Show each exchange to somebody."""

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        answer = await inner(request, call)
        tap(engine, request, answer)
        return answer

    return send


def logged(inner: Sender, engine: str, observer: Observer) -> Sender:
    """Count and time each exchange; at debug level also say method and depth of path, never a value."""

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        started = perf_counter()
        status: int | None = None
        code: str | None = None
        try:
            answer = await inner(request, call)
            status = answer.status
        except EngineFailure as failure:
            code = failure.code
            raise
        else:
            return answer
        finally:
            spent = perf_counter() - started
            call.engine_calls += 1
            call.engine_s += spent
            observer.exchange(engine, request.method, status, code, spent, writes=request.writes)

    return send


def bounded(inner: Sender, engine: str, timeout_s: float) -> Sender:
    """Give up when the caller's deadline or the engine's own time is over, whichever is nearer."""
    deadlines = Deadlines()

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if call.deadline <= now:
            raise EngineTimeout("The deadline was over before the engine was asked.", engine=engine)
        if request.writes and call.leases:
            check_held(call, engine)
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
            if request.writes:
                raise OutcomeUnknown("The write was sent and not answered in time.", engine=engine) from cancelled
            raise EngineTimeout("The engine did not answer in time.", engine=engine) from cancelled
        finally:
            deadlines.end(deadline)

    return send


def check_held(call: Call, engine: str) -> None:
    """Make sure that nobody else may be writing to the instance by now.

    Raises:
        ConcurrentUpdate: a lease ran out; nothing is sent.
    """
    if call.leases and any(asyncio.get_running_loop().time() >= hold.until for hold in call.leases):
        raise ConcurrentUpdate("The lease of the instance's write lane could not be renewed in time.", engine=engine)

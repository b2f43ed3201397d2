"""The sender stack: what every request to an engine passes through, as one list read top to bottom.

Each layer is a closure made once at start around the next one; what varies by call comes with ``Call``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Protocol, TypeAlias

import msgspec

from gateway.errors import EngineFailure, EngineTimeout, OutcomeUnknown
from gateway.plan import Call, Multipart, Stream, VendorRequest, VendorResponse
from gateway.port import Engine, Session
from gateway.wire.drive import drive
from gateway.wire.socket import ClientSettings, Socket

Sender: TypeAlias = Callable[[VendorRequest, Call], Awaitable[VendorResponse]]


class Observer(Protocol):
    """Who counts exchanges with engines."""

    def exchange(  # noqa: PLR0913 - one flat record, by position of a table
        self, engine: str, method: str, status: int | None, error_code: str | None, duration_s: float, *, writes: bool
    ) -> None:
        """Count one exchange."""


Tap: TypeAlias = Callable[[str, VendorRequest, VendorResponse], None]
"""Shown each exchange of an engine, unsigned: for demonstrations and dry runs, never for logs."""


def stack(
    engine: Engine, settings: ClientSettings, socket: Socket, observer: Observer, tap: Tap | None = None
) -> Sender:
    """Give the stack of one engine."""
    send: Sender = socket.send
    layers: list[Callable[[Sender], Sender]] = [
        # read bottom to top when building, top to bottom when a request travels:
        lambda inner: logged(inner, engine.name, observer),  # what was asked, before anything secret is added
        lambda inner: authenticated(inner, engine, settings),  # credentials, the session, one re-login
        # retry: safe and absolute-set requests within the budget stand here
        # breaker: an engine that keeps failing is left alone here
        # limits: rate and concurrency of one engine stand here; the connector's cap is in force already
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


def authenticated(inner: Sender, engine: Engine, settings: ClientSettings) -> Sender:
    """Add the credentials: the caller's own, the technical user's, or those of a session that is opened when needed."""
    if settings.auth_kind == "forward":
        return _forwarded(inner)
    if not engine.needs_session:

        async def send(request: VendorRequest, call: Call) -> VendorResponse:
            return await inner(engine.sign(request, None), call)

        return send
    return _with_session(inner, engine)


def _forwarded(inner: Sender) -> Sender:
    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        if call.authorization is not None:
            added = (("Authorization", call.authorization),)
            request = msgspec.structs.replace(request, headers=request.headers + added)
        return await inner(request, call)

    return send


def _with_session(inner: Sender, engine: Engine) -> Sender:
    """Keep one session an engine; an answer that says it is gone causes one log-in and one repetition."""
    session: Session | None = None
    opening = asyncio.Lock()

    async def opened(call: Call, stale: Session | None) -> Session:
        nonlocal session
        async with opening:
            if session is None or session is stale:
                session = None
                session = await drive(engine.log_in(), lambda request: inner(request, call))
            return session

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        current = session or await opened(call, None)
        answer = await inner(engine.sign(request, current), call)
        if not engine.expired(answer) or _streamed(request):
            return answer
        return await inner(engine.sign(request, await opened(call, current)), call)

    return send


def _streamed(request: VendorRequest) -> bool:
    """Tell whether the body is gone once sent, so the request cannot be repeated."""
    body = request.body
    return isinstance(body, Stream) or (
        isinstance(body, Multipart) and any(isinstance(part.content, Stream) for part in body.parts)
    )


def bounded(inner: Sender, engine: str, timeout_s: float) -> Sender:
    """Give up when the caller's deadline or the engine's own time is over, whichever is nearer."""

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        loop = asyncio.get_running_loop()
        left = min(call.deadline - loop.time(), timeout_s)
        if left <= 0:
            raise EngineTimeout("The deadline was over before the engine was asked.", engine=engine)
        task = asyncio.current_task()
        if task is None:
            raise EngineTimeout("There is no task to bound.", engine=engine)
        timer = _Timer(task)
        handle = loop.call_later(left, timer.fire)
        try:
            return await inner(request, call)
        except asyncio.CancelledError as cancelled:
            if not timer.fired or task.uncancel() > timer.before:
                raise
            if request.writes:
                raise OutcomeUnknown("The write was sent and not answered in time.", engine=engine) from cancelled
            raise EngineTimeout("The engine did not answer in time.", engine=engine) from cancelled
        finally:
            handle.cancel()

    return send


class _Timer:
    """Cancels a task once and remembers it (the pattern of ``asyncio.timeout``, without its cost)."""

    __slots__ = ("before", "fired", "task")

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.task = task
        self.fired = False
        self.before = task.cancelling()

    def fire(self) -> None:
        """Cancel."""
        self.fired = True
        _ = self.task.cancel()

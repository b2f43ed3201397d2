"""What bounds an exchange, on a clock that goes on when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.errors import ConcurrentUpdate, EngineTimeout, EngineUnavailable, InvalidRequest, OutcomeUnknown
from gateway.plan import Call, VendorRequest, WriteLease
from gateway.raw import RawRequest
from gateway.wire.bounds import bound_held, bound_raw
from gateway.wire.places import Places
from gateway.wire.settings import LimitSettings
from tests.until import rounds

START = 1000.0


class Answered:
    """An answer of either kind."""

    status = 200
    leave: Any = None


ANSWER: Any = Answered()
PLACES = Places("hr", LimitSettings())


class Clock:
    """The running loop's clock, standing still until it is moved on."""

    def __init__(self) -> None:
        self.now = START

    async def passes(self, seconds: float) -> None:
        """Let time go by in steps shorter than any bound here."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 0.5)
            await rounds(5)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clock]:
    made = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: made.now)
    yield made
    monkeypatch.undo()


class Engine:
    """Takes a body as it comes, and answers when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.took: list[bytes] = []

    async def __call__(self, request: Any, call: Call) -> Any:
        del call
        try:
            if isinstance(request, RawRequest) and request.body is not None and not isinstance(request.body, bytes):
                self.took.extend([piece async for piece in request.body])
        except Exception as error:  # as a sender does: its own error hides that of the body
            raise EngineUnavailable(engine="hr") from error
        await self.answers.wait()
        return ANSWER


class Upload:
    """A body whose pieces come when they are told to."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.pieces.get():
            if isinstance(piece, Exception):
                raise piece
            yield piece


def raw(*, writes: bool = True, gone: Any = lambda: False, **more: Any) -> RawRequest:
    return RawRequest(
        method="POST", target="/x", headers=[], idle_s=30.0, writes=writes, gone=gone, **{"body": None, **more}
    )


def relayed(engine: Engine, request: RawRequest, call: Call) -> asyncio.Task[Any]:
    return asyncio.ensure_future(bound_raw(engine, "hr", PLACES)(request, call))  # type: ignore[arg-type]


def call_until(deadline_s: float) -> Call:
    return Call(deadline=START + deadline_s, request_id="r")


@pytest.mark.parametrize(("writes", "error"), [(False, EngineTimeout), (True, OutcomeUnknown)], ids=["read", "write"])
@pytest.mark.parametrize(("deadline_s", "ends_s"), [(20.0, 20.0), (90.0, 30.0)], ids=["deadline", "silence"])
async def test_raw_exchange_ends_at_what_is_nearer(
    deadline_s: float, ends_s: float, writes: bool, error: type, clock: Clock
) -> None:
    task = relayed(Engine(), raw(writes=writes), call_until(deadline_s))
    await clock.passes(ends_s - 1.0)
    assert not task.done()
    await clock.passes(2.0)
    assert isinstance(task.exception(), error)


async def test_held_exchange_ends_at_the_deadline(clock: Clock) -> None:
    request = VendorRequest(method="GET", path=(), writes=False, idempotent=True)
    sent = asyncio.ensure_future(bound_held(Engine(), "hr", 30.0, PLACES)(request, call_until(20.0)))
    await clock.passes(19.0)
    assert not sent.done()
    await clock.passes(2.0)
    assert isinstance(sent.exception(), EngineTimeout)


async def test_poll_waits_past_the_deadline_as_long_as_it_asked_to(clock: Clock) -> None:
    engine = Engine()
    task = relayed(engine, raw(polls=True), call_until(5.0))
    await clock.passes(29.0)
    engine.answers.set()
    assert await task is ANSWER


async def test_poll_ends_after_its_own_time(clock: Clock) -> None:
    task = relayed(Engine(), raw(polls=True), call_until(5.0))
    await clock.passes(31.0)
    assert isinstance(task.exception(), OutcomeUnknown)


async def test_upload_that_has_begun_is_not_cut_by_the_deadline(clock: Clock) -> None:
    engine, body = Engine(), Upload()
    task = relayed(engine, raw(body=body), call_until(20.0))
    for _ in range(10):
        body.pieces.put_nowait(b"x")
        await clock.passes(19.0)
    assert not task.done()
    body.pieces.put_nowait(b"")
    await clock.passes(19.0)
    engine.answers.set()
    assert (await task, engine.took) == (ANSWER, [b"x"] * 10)


async def test_upload_that_has_not_begun_at_the_deadline_is_ended(clock: Clock) -> None:
    task = relayed(Engine(), raw(body=Upload()), call_until(20.0))
    await clock.passes(21.0)
    assert isinstance(task.exception(), OutcomeUnknown)


async def test_upload_that_stops_is_ended_by_silence(clock: Clock) -> None:
    body = Upload()
    body.pieces.put_nowait(b"x")
    task = relayed(Engine(), raw(body=body), call_until(20.0))
    await clock.passes(29.0)
    assert not task.done()
    await clock.passes(2.0)
    assert isinstance(task.exception(), OutcomeUnknown)


@pytest.mark.parametrize("writes", [True, False], ids=["write", "read"])
async def test_upload_is_broken_off_where_its_lease_ends_in_the_middle(writes: bool, clock: Clock) -> None:
    engine, body = Engine(), Upload()
    call = call_until(60.0)
    call.leases = (WriteLease(until=START + 10.0),)
    task = relayed(engine, raw(body=body, writes=writes), call)
    body.pieces.put_nowait(b"x")
    await clock.passes(11.0)
    body.pieces.put_nowait(b"y")
    body.pieces.put_nowait(b"")
    engine.answers.set()
    await rounds(5)
    if not writes:
        assert await task is ANSWER
        return
    error = task.exception()
    assert isinstance(error, ConcurrentUpdate)
    assert error.outcome == "not_applied"


async def test_body_that_breaks_off_is_the_callers_error(clock: Clock) -> None:
    body = Upload()
    body.pieces.put_nowait(InvalidRequest("too slow"))
    task = relayed(Engine(), raw(body=body), call_until(60.0))
    await rounds(5)
    error = task.exception()
    assert isinstance(error, InvalidRequest)
    assert error.detail == "too slow"
    assert clock.now == START


@pytest.mark.parametrize(
    ("request_", "ends"),
    [
        (raw(writes=False, gone=lambda: True), True),
        (raw(polls=True, gone=lambda: True), True),
        (raw(gone=lambda: True), False),
    ],
    ids=["read", "poll", "write"],
)
async def test_exchange_ends_with_its_caller_unless_it_writes(request_: RawRequest, ends: bool, clock: Clock) -> None:
    task = relayed(Engine(), request_, call_until(60.0))
    await clock.passes(2.0)
    assert task.done() is ends
    assert task.cancelled() is ends
    _ = task.cancel()


async def test_cancellation_from_outside_stays_one_even_at_the_deadline(clock: Clock) -> None:
    task = relayed(Engine(), raw(), call_until(20.0))
    await rounds(5)
    clock.now += 21.0
    _ = task.cancel()
    await rounds(5)
    assert task.cancelled()

"""Requests that are sent again: which, how often, how soon; and that an engine is never asked for more than the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import (
    CircuitOpen,
    EngineFailure,
    EngineMisbehaved,
    EngineTimeout,
    EngineUnavailable,
    OutcomeUnknown,
    Overloaded,
    VarbridgeError,
)
from gateway.plan import Call, Multipart, Part, Stream, VendorRequest, VendorResponse
from gateway.wire.retries import asked_s, retry
from gateway.wire.settings import RetrySettings
from tests.simulated_clock import let_pass, run_simulated

OK = VendorResponse(200)
READ = VendorRequest(method="GET", path=("x",), writes=False, idempotent=True)
SET = VendorRequest(method="PUT", path=("x",), writes=True, idempotent=True)
ACT = VendorRequest(method="POST", path=("x",), writes=True, idempotent=False)
UPLOAD = VendorRequest(
    method="POST", path=("x",), writes=True, idempotent=True, body=Multipart((Part("data", Stream("up")),))
)


def clock() -> float:
    """The time of the loop that runs."""
    return asyncio.get_running_loop().time()


class Engine:
    """Ends each exchange as it is told, then well; notes when it was asked."""

    def __init__(self, *ends: VarbridgeError | VendorResponse) -> None:
        self.ends, self.at = list(ends), []

    async def __call__(self, request: VendorRequest, call: Call) -> VendorResponse:
        self.at.append(round(asyncio.get_running_loop().time(), 3))
        end = self.ends.pop(0) if self.ends else OK
        if isinstance(end, VarbridgeError):
            raise end
        return end


def asked(
    request: VendorRequest, *ends: Any, deadline: float = 100.0, draw: Callable[[], float] = lambda: 1.0, **more: Any
) -> tuple[Any, list[float], int]:
    """What the caller gets, when the engine was asked, and how many repetitions were counted."""
    repeated: list[None] = []
    engine = Engine(*ends)

    async def work() -> Any:
        send = retry(engine, RetrySettings(**more), lambda: repeated.append(None), draw, clock)
        try:
            return await send(request, Call(deadline=deadline, request_id="r"))
        except VarbridgeError as error:
            return error

    outcome = run_simulated(work())
    for end in ends:
        if isinstance(end, VarbridgeError):
            _ = end.with_traceback(None)  # it is used again, and would hold what it went through
    return outcome, engine.at, len(repeated)


GONE, LATE, LOST = EngineUnavailable(), EngineTimeout(), OutcomeUnknown()


@pytest.mark.parametrize("request_", [READ, SET], ids=["read", "absolute set"])
@pytest.mark.parametrize("failure", [GONE, LATE, LOST, VendorResponse(503), VendorResponse(502)], ids=repr)
def test_read_and_absolute_set_are_sent_again_after_a_growing_wait(request_: VendorRequest, failure: Any) -> None:
    assert asked(request_, failure, failure) == (OK, [0.0, 0.05, 0.15], 2)


@pytest.mark.parametrize("request_", [ACT, UPLOAD], ids=["other write", "upload"])
@pytest.mark.parametrize("failure", [GONE, LOST, VendorResponse(503)], ids=repr)
def test_what_cannot_be_repeated_is_sent_once(request_: VendorRequest, failure: Any) -> None:
    assert asked(request_, failure) == (failure, [0.0], 0)


@pytest.mark.parametrize("failure", [EngineMisbehaved(), CircuitOpen(), Overloaded(), VendorResponse(500)], ids=repr)
def test_what_says_that_it_would_be_no_better_is_not_asked_again(failure: Any) -> None:
    assert asked(READ, failure) == (failure, [0.0], 0)


def test_last_outcome_stands_when_all_attempts_have_failed() -> None:
    last = EngineUnavailable("the third")
    assert asked(READ, GONE, GONE, last) == (last, [0.0, 0.05, 0.15], 2)


def test_one_attempt_means_never_again() -> None:
    assert asked(READ, GONE, attempts=1) == (GONE, [0.0], 0)


def test_jitter_takes_any_part_of_the_wait() -> None:
    assert asked(READ, GONE, GONE, draw=lambda: 0.0) == (OK, [0.0, 0.0, 0.0], 2)


def test_wait_that_the_engine_asks_for_goes_before_ours() -> None:
    busy = VendorResponse(429, (("retry-after", "2"),))
    assert asked(READ, busy) == (OK, [0.0, 2.0], 1)


@pytest.mark.parametrize("wait", ["31536000", "101"], ids=["a year", "beyond the deadline"])
def test_wait_beyond_the_deadline_is_not_begun(wait: str) -> None:
    busy = VendorResponse(503, (("retry-after", wait),))
    assert asked(READ, busy) == (busy, [0.0], 0)


@pytest.mark.parametrize("lie", ["", "soon", "-5", "1e9", "99999999999999", "Mon, 99 Foo"], ids=repr)
def test_wait_that_nobody_can_read_is_ours(lie: str) -> None:
    assert asked(READ, VendorResponse(503, (("retry-after", lie),))) == (OK, [0.0, 0.05], 1)


def test_wait_may_be_a_date() -> None:
    assert asked_s(VendorResponse(503, (("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),))) == 0.0
    later = asked_s(VendorResponse(503, (("retry-after", formatdate(4e9, usegmt=True)),)))
    assert later > 10_000_000


OUTCOMES = st.sampled_from(["good", "good", "gone", "late", "lost", "busy", "broken"])
REQUESTS = st.lists(st.tuples(st.floats(0, 2), st.sampled_from([READ, SET, ACT])), min_size=1, max_size=60)


class Troubled:
    """An engine that fails in any pattern; notes what it was sent, when, and what it has carried out."""

    def __init__(self, outcomes: list[str]) -> None:
        self.outcomes, self.sent, self.done = outcomes, [], []

    async def __call__(self, request: VendorRequest, call: Call) -> VendorResponse:
        now = asyncio.get_running_loop().time()
        self.sent.append((now, call.request_id))
        outcome = self.outcomes[len(self.sent) % len(self.outcomes)]
        if outcome in {"good", "lost"}:
            self.done.append((call.request_id, request))
        if outcome == "late":
            await let_pass(1.5)
        failures: dict[str, EngineFailure] = {
            "gone": EngineUnavailable(),
            "late": EngineTimeout(),
            "broken": EngineMisbehaved(),
        }
        if outcome == "lost":
            raise OutcomeUnknown if request.writes else EngineUnavailable
        if outcome in failures:
            raise failures[outcome]
        return VendorResponse(503 if outcome == "busy" else 200)


@settings(max_examples=200)
@given(REQUESTS, st.lists(OUTCOMES, min_size=1, max_size=30), st.sampled_from([0.0, 0.2, 1.0]), st.integers(2, 6))
def test_under_any_faults_the_extra_load_is_within_the_budget_and_no_write_is_applied_twice(
    requests, outcomes: list[str], budget: float, attempts: int
) -> None:
    engine = Troubled(outcomes)

    async def work() -> None:
        send = retry(engine, RetrySettings(attempts=attempts, budget=budget), clock=clock)
        running = []
        for number, (gap, request) in enumerate(requests):
            await let_pass(gap)
            call = Call(deadline=asyncio.get_running_loop().time() + 20, request_id=str(number))
            running.append(asyncio.ensure_future(send(request, call)))
        _ = await asyncio.gather(*running, return_exceptions=True)

    run_simulated(work())
    first: dict[str, float] = {}
    again: list[float] = []
    for at, number in engine.sent:
        if number not in first:
            first[number] = at
            continue
        young = sum(1 for each in again if at - each < 9.0 - 1e-6)
        allowed = max(3, budget * sum(1 for each in first.values() if at - each <= 10.0 + 2.0 + 1e-6))
        assert young < allowed
        again.append(at)
    acted = [number for number, request in engine.done if request is ACT]
    assert len(acted) == len(set(acted))
    assert all(sum(1 for _, each in engine.sent if each == number) <= attempts for number in first)

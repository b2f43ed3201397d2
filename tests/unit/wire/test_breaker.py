"""The circuit breaker: what opens it, what it lets through, and what closes it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import (
    CircuitOpen,
    ConcurrentUpdate,
    EngineMisbehaved,
    EngineTimeout,
    EngineUnavailable,
    OutcomeUnknown,
    Overloaded,
)
from gateway.wire.breaker import Breaker
from gateway.wire.settings import BreakerSettings
from gateway.wire.window import Window

SETTINGS = BreakerSettings(failures=0.5, window_s=10.0, least_calls=4, open_s=5.0, probes=2)


def breaker(**more) -> tuple[Breaker, list[str]]:
    states: list[str] = []
    settings = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__} | more
    return Breaker("hr", BreakerSettings(**settings), changed=states.append), states


def ends(one: Breaker, now: float, *, failed: bool) -> None:
    one.report(one.admit(now), now, failed=failed)


def opened(now: float = 0.0) -> tuple[Breaker, list[str]]:
    one, states = breaker()
    for _ in range(4):
        ends(one, now, failed=True)
    return one, states


def test_breaker_opens_when_enough_calls_of_the_window_have_failed() -> None:
    one, states = breaker()
    for failed in (True, False, True):
        ends(one, 0.0, failed=failed)
    assert states == []  # three calls say nothing
    ends(one, 0.0, failed=False)
    assert states == []  # half of four, but a success opens nothing
    ends(one, 0.0, failed=True)
    assert (states, one.state) == (["open"], "open")


def test_failures_that_are_older_than_the_window_do_not_count() -> None:
    one, states = breaker()
    for _ in range(3):
        ends(one, 0.0, failed=True)
    ends(one, 10.5, failed=True)
    assert (states, one.state) == ([], "closed")


def test_open_breaker_lets_nothing_through_and_says_when_to_come_back() -> None:
    one, _ = opened()
    with pytest.raises(CircuitOpen) as refused:
        one.admit(1.5)
    assert (refused.value.engine, refused.value.headers) == ("hr", (("Retry-After", "4"),))
    assert (refused.value.code, refused.value.status, refused.value.outcome) == (
        "engine-unavailable", 503, "not_applied",
    )  # fmt: skip


def test_after_its_time_so_many_probes_are_let_through_and_close_it() -> None:
    one, states = opened()
    first, second = one.admit(5.0), one.admit(5.0)
    with pytest.raises(CircuitOpen) as refused:
        one.admit(5.0)
    assert refused.value.headers == (("Retry-After", "1"),)
    one.report(first, 5.1, failed=False)
    assert one.state == "half-open"
    one.report(second, 5.2, failed=False)
    assert states == ["open", "half-open", "closed"]
    ends(one, 5.3, failed=True)
    assert one.state == "closed"  # what was before is forgotten


def test_probe_that_fails_opens_it_again() -> None:
    one, states = opened()
    first, second = one.admit(5.0), one.admit(5.0)
    one.report(first, 6.0, failed=True)
    one.report(second, 6.0, failed=False)  # of an earlier state
    assert states == ["open", "half-open", "open"]
    with pytest.raises(CircuitOpen):
        one.admit(10.9)
    assert one.admit(11.0) >= 0


def test_probe_whose_caller_went_away_is_given_to_another() -> None:
    one, _ = opened()
    one.abandon(one.admit(5.0))
    for _ in range(2):
        ends(one, 5.0, failed=False)
    assert one.state == "closed"


def test_end_of_a_call_from_before_it_opened_says_nothing_about_the_probes() -> None:
    one, _ = breaker()
    early = one.admit(0.0)
    for _ in range(4):
        ends(one, 0.0, failed=True)
    _ = one.admit(5.0)
    one.report(early, 5.0, failed=True)
    one.abandon(early)
    assert one.state == "half-open"


def settled(one: Breaker, **how) -> list[int]:
    """How many exchanges count, and how many of them as failed, after one that ended so."""
    one.settle(one.admit(0.0), 0.0, **{"status": None, "failure": None, "spent_s": 0.0, **how})
    return [one.window.all, one.window.marked]


@pytest.mark.parametrize(
    ("error", "spent", "counts"),
    [
        (EngineUnavailable, 0.0, True),
        (OutcomeUnknown, 0.1, True),
        (EngineMisbehaved, 0.1, True),
        (EngineTimeout, 1.0, True),
        (EngineTimeout, 0.2, False),
        (ConcurrentUpdate, 5.0, False),
        (Overloaded, 5.0, False),
        (None, 5.0, False),
    ],
    ids=[
        "no connection", "write cut off", "no HTTP", "time-out", "time-out of a hasty caller", "lease that ran out",
        "no place", "caller that has gone",
    ],
)  # fmt: skip
def test_failures_of_the_road_count_and_nothing_else(error, spent: float, counts: bool) -> None:
    assert settled(breaker()[0], failure=error, spent_s=spent) == [int(counts), int(counts)]


def test_time_out_counts_after_the_engines_own_time_where_that_is_short() -> None:
    quick = Breaker("hr", SETTINGS, timeout_s=0.3)
    assert settled(quick, failure=EngineTimeout, spent_s=0.2) == [0, 0]
    assert settled(quick, failure=EngineTimeout, spent_s=0.3) == [1, 1]


@pytest.mark.parametrize("status", [200, 204, 400, 404, 409, 500, 501])
def test_answer_of_the_engine_itself_is_no_failure(status: int) -> None:
    assert settled(breaker()[0], status=status, spent_s=60.0) == [1, 0]


@pytest.mark.parametrize("status", [502, 503, 504])
def test_answer_of_a_proxy_for_a_dead_engine_is_a_failure(status: int) -> None:
    assert settled(breaker()[0], status=status) == [1, 1]


def test_slow_answer_counts_where_slowness_is_set() -> None:
    assert settled(breaker(slow_s=2.0)[0], status=200, spent_s=2.5) == [1, 1]
    assert settled(breaker(slow_s=2.0)[0], status=200, spent_s=1.5) == [1, 0]


EVENTS = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["good", "bad", "abandoned"])), max_size=80)


@given(EVENTS)
def test_breaker_never_stays_open_for_ever_and_never_lets_more_through_than_its_probes(events) -> None:
    one, _ = breaker()
    now, at_once = 0.0, []
    for gap, end in events:
        now += gap
        try:
            at_once.append((one.admit(now), end))
        except CircuitOpen:
            assert one.state in {"open", "half-open"}
        if one.state == "half-open":
            assert len([each for each, _ in at_once if each == at_once[-1][0]]) <= SETTINGS.probes
        if len(at_once) > 2:
            admitted, how = at_once.pop(0)
            one.abandon(admitted) if how == "abandoned" else one.report(admitted, now, failed=how == "bad")
    for admitted, _ in at_once:
        one.report(admitted, now, failed=False)
    for step in range(1, 20):
        with_pass = now + 5.0 * step
        for _ in range(SETTINGS.probes):
            ends(one, with_pass, failed=False)
        if one.state == "closed":
            break
    assert one.state == "closed"


@given(st.lists(st.tuples(st.floats(0, 4), st.booleans()), max_size=60))
def test_window_counts_what_is_younger_than_it_to_a_tenth(events) -> None:
    window, now, seen = Window(10.0), 100.0, []
    for gap, some in events:
        now += gap
        window.count(now, marked=some)
        seen.append((now, some))
        certain = sum(1 for at, _ in seen if now - at < 9.0 - 1e-6)
        possible = sum(1 for at, _ in seen if now - at <= 10.0 + 1e-6)
        assert certain <= window.all <= possible
        assert sum(1 for at, each in seen if each and now - at < 9.0 - 1e-6) <= window.marked <= window.all


def test_window_keeps_what_it_has_when_the_clock_goes_back() -> None:
    window = Window(10.0)
    window.count(100.0)
    window.count(50.0, marked=True)
    assert (window.all, window.marked) == (2, 1)

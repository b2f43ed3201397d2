"""Token buckets on a clock of their own: what passes, what is told, and what processes that share a rate let through."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Bucket, Rate, buckets

RATE = Rate(requests=10, per_s=1.0, burst=20)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def bucket(rate: Rate = RATE, clock: Clock | None = None) -> tuple[Bucket, Clock]:
    clock = clock or Clock()
    return Bucket(rate, clock=clock), clock


def passed(of: Bucket, asked: int) -> int:
    return sum(of.take() == 0 for _ in range(asked))


def test_full_bucket_lets_a_burst_through_and_no_more() -> None:
    of, _ = bucket()
    assert passed(of, 50) == 20
    assert of.take() == pytest.approx(0.1)


def test_tokens_come_back_at_the_rate_and_up_to_the_burst() -> None:
    of, clock = bucket()
    _ = passed(of, 50)
    clock.now += 0.5
    assert passed(of, 50) == 5
    clock.now += 3600
    assert passed(of, 50) == 20


def test_headers_say_what_is_left_and_when_more_is_there() -> None:
    of, clock = bucket(Rate(requests=1, per_s=5.0, burst=2))
    said = []
    for _ in range(3):
        said.append(of.headers())
        _ = of.take()
    said.append(of.headers())
    clock.now += 7
    said.append(of.headers())
    policy = ("RateLimit-Policy", '"caller";q=1;w=5;varbridge-burst=2')
    assert said == [
        (policy, ("RateLimit", f'"caller";r={left};t={wait}'))
        for left, wait in ((2, 0), (1, 5), (0, 5), (0, 5), (1, 3))
    ]


@pytest.mark.parametrize(
    ("rate", "policy"),
    [
        (Rate(requests=100, per_s=1.0, burst=200), '"caller";q=100;w=1;varbridge-burst=200'),
        (Rate(requests=5, per_s=0.5, burst=5), '"caller";q=10;w=1;varbridge-burst=5'),
        (Rate(requests=3, per_s=1.5, burst=3), '"caller";q=4;w=2;varbridge-burst=3'),
        (Rate(requests=1, per_s=86_400.0, burst=1), '"caller";q=1;w=86400;varbridge-burst=1'),
    ],
    ids=["one second", "half a second", "one and a half", "one a day"],
)
def test_policy_has_whole_seconds_and_never_more_than_the_rate(rate: Rate, policy: str) -> None:
    assert rate.policy == policy
    quota, window = (int(found) for found in re.findall(r"[qw]=(\d+)", policy))
    assert quota / window <= rate.requests / rate.per_s


@given(
    requests=st.integers(1, 1000),
    per_s=st.floats(0.01, 3600),
    more=st.integers(0, 1000),
    waits=st.lists(st.floats(0, 10), max_size=200),
)
def test_no_more_than_rate_and_burst_pass_whatever_the_pauses(
    requests: int, per_s: float, more: int, waits: list[float]
) -> None:
    rate = Rate(requests=requests, per_s=per_s, burst=requests + more)
    of, clock = bucket(rate)
    begin, let_through = clock.now, 0
    for wait in waits:
        clock.now += wait
        refused = of.take()
        let_through += refused == 0
        assert let_through <= rate.burst + (clock.now - begin) / rate.interval_s + 1e-3
        if refused:
            clock.now += refused
            assert of.take() == 0
            let_through += 1


def test_bucket_of_a_rate_that_stays_is_taken_over_and_another_begins_with_what_was_taken() -> None:
    first = buckets({"a": RATE, "b": RATE}, {})
    _ = passed(first["a"], 20), passed(first["b"], 20)
    faster = Rate(requests=20, per_s=1.0, burst=30)
    second = buckets({"a": RATE, "b": faster, "c": RATE}, first)
    assert second["a"] is first["a"]
    assert passed(second["b"], 50) == pytest.approx(0, abs=1)
    assert passed(second["c"], 50) == 20


class Replicas:
    """Processes that share a rate, and settle once a second, one after the other."""

    def __init__(self, count: int, rate: Rate) -> None:
        self.clock = Clock()
        self.buckets = [Bucket(rate, clock=self.clock) for _ in range(count)]
        self._told: list[int] = [0] * count
        self._heard = [[0] * count for _ in range(count)]

    def settle(self, number: int) -> None:
        own = self.buckets[number].used
        self._told[number] += own
        new = [told - heard for told, heard in zip(self._told, self._heard[number], strict=True)]
        self._heard[number] = list(self._told)
        others = [each for at, each in enumerate(new) if at != number and each]
        self.buckets[number].settle(own, sum(others), len(others))

    def run(self, seconds: int, asked_per_s: list[int]) -> list[int]:
        """What each lets through when asked so often."""
        let_through = [0] * len(self.buckets)
        steps = 20
        for step in range(seconds * steps):
            self.clock.now += 1 / steps
            for number, asked in enumerate(asked_per_s):
                let_through[number] += passed(self.buckets[number], asked // steps)
                if step % steps == number:
                    self.settle(number)
        return let_through


SHARED = Rate(requests=100, per_s=1.0, burst=200)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_replicas_that_are_asked_for_too_much_let_the_rate_through_together(count: int) -> None:
    replicas = Replicas(count, SHARED)
    _ = replicas.run(20, [400] * count)
    let_through = replicas.run(60, [400] * count)
    assert sum(let_through) == pytest.approx(6000, rel=0.1)
    assert min(let_through) > 6000 / count / 3


def test_replica_that_is_asked_alone_lets_the_whole_rate_through() -> None:
    replicas = Replicas(3, SHARED)
    _ = replicas.run(10, [400, 0, 0])
    assert replicas.run(30, [400, 0, 0]) == [pytest.approx(3000, rel=0.02), 0, 0]


def test_caller_that_keeps_to_its_rate_is_never_refused_however_it_is_spread() -> None:
    replicas = Replicas(3, SHARED)
    assert replicas.run(60, [60, 20, 20]) == [3600, 1200, 1200]


def test_first_burst_may_pass_at_each_replica_and_is_owed_then() -> None:
    replicas = Replicas(2, SHARED)
    assert [passed(each, 500) for each in replicas.buckets] == [200, 200]
    for number in (0, 1, 0):
        replicas.settle(number)
    assert [each.take() > 1.9 for each in replicas.buckets] == [True, True]
    assert sum(replicas.run(20, [400, 400])) == pytest.approx(2000 - 200, rel=0.15)


def test_what_is_owed_is_one_burst_at_most() -> None:
    of, _ = bucket(SHARED)
    of.settle(0, 1_000_000, 5)
    assert of.take() == pytest.approx(2.0 + 0.01)


def test_process_without_news_of_others_goes_on_with_its_last_share() -> None:
    replicas = Replicas(2, SHARED)
    _ = replicas.run(20, [400, 400])
    for each in replicas.buckets:
        each.settle_alone()
    let_through = [0, 0]
    for _, (number, each) in itertools.product(range(600), enumerate(replicas.buckets)):
        replicas.clock.now += 0.025
        let_through[number] += passed(each, 20)
    assert sum(let_through) == pytest.approx(600 * 0.05 * 100, rel=0.1)

"""Buckets of several processes, kept in step through a store that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from gateway.access import Bucket, Rate
from gateway.errors import StoreUnavailable
from gateway.rate_sharing import RateSharing
from tests.simulated_clock import let_pass, run_simulated

RATE = Rate(requests=10, per_s=1000.0, burst=10)


class Uses:
    """A store of uses: keeps what it is told, and says what it shall."""

    def __init__(self, *others: dict[str, list[int]] | Exception) -> None:
        self.others, self.told = list(others), list[dict[str, int]]()

    async def exchange(self, own: Mapping[str, int]) -> dict[str, list[int]]:
        self.told.append(dict(own))
        said = self.others.pop(0) if self.others else {}
        if isinstance(said, Exception):
            raise said
        return said


def passed(bucket: Bucket, asked: int = 100) -> int:
    return sum(bucket.take() == 0 for _ in range(asked))


async def test_own_uses_are_told_once_and_those_of_others_are_taken() -> None:
    buckets = {"portal": Bucket(RATE), "batch": Bucket(RATE)}
    uses = Uses({"portal": [4, 2]})
    sharing = RateSharing(lambda: buckets, uses)
    assert passed(buckets["portal"], 1) == 1
    await sharing.settle()
    assert passed(buckets["batch"]) == 10
    await sharing.settle()
    assert uses.told == [{"portal": 1}, {"batch": 10}]
    assert 0 < passed(buckets["portal"]) <= 3


async def test_uses_that_could_not_be_told_are_told_later() -> None:
    buckets = {"portal": Bucket(RATE)}
    uses = Uses(StoreUnavailable())
    sharing = RateSharing(lambda: buckets, uses)
    _ = passed(buckets["portal"], 2)
    await sharing.settle()
    _ = passed(buckets["portal"], 1)
    await sharing.settle()
    assert uses.told == [{"portal": 2}, {"portal": 3}]


async def test_nothing_is_asked_while_no_caller_has_a_rate() -> None:
    uses = Uses()
    await RateSharing(dict, uses).settle()
    assert uses.told == []


def test_rounds_go_on_after_a_fault_of_one() -> None:
    uses = Uses(ValueError("a bad row"))

    async def three_seconds() -> None:
        with structlog.testing.capture_logs() as logged:
            task = asyncio.create_task(RateSharing(lambda: {"portal": Bucket(RATE)}, uses).run())
            await let_pass(3.5)
            _ = task.cancel()
        assert [each["event"] for each in logged] == ["rate_sharing_failed"]

    run_simulated(three_seconds())
    assert uses.told == [{}, {}, {}]


async def test_buckets_of_the_configuration_in_use_are_settled() -> None:
    current = {"portal": Bucket(RATE)}
    sharing = RateSharing(lambda: current, Uses({}, {"portal": [3]}))
    await sharing.settle()
    current = {"portal": Bucket(Rate(requests=20, per_s=1000.0, burst=20))}
    await sharing.settle()
    assert passed(current["portal"]) == 17

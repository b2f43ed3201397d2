"""Write locks: one write at a time, in order, no longer than the deadline."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import ConcurrentUpdate
from gateway.operations import WriteLocks
from gateway.plan import Call

KEY = ("hr", "1")


def call(budget_s: float = 5.0) -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + budget_s, request_id="r")


async def test_writes_of_one_instance_are_done_in_order_and_alone() -> None:
    locks, inside, done = WriteLocks(), [], []

    async def work(number: int) -> None:
        inside.append(number)
        assert inside == [number]
        await asyncio.sleep(0)
        inside.remove(number)
        done.append(number)

    await asyncio.gather(*(locks.hold(KEY, call(), lambda n=n: work(n)) for n in range(10)))
    assert (done, len(locks)) == (list(range(10)), 0)


async def test_other_instance_does_not_wait() -> None:
    locks, gate = WriteLocks(), asyncio.Event()
    held = asyncio.ensure_future(locks.hold(KEY, call(), gate.wait))
    await asyncio.sleep(0)
    await locks.hold(("hr", "2"), call(), lambda: asyncio.sleep(0))
    gate.set()
    await held
    assert len(locks) == 0


@pytest.mark.usefixtures("idle_time")
async def test_deadline_in_the_queue_is_a_conflict_and_nothing_is_done() -> None:
    locks, gate, done = WriteLocks(), asyncio.Event(), []

    async def work() -> None:
        done.append(1)

    held = asyncio.ensure_future(locks.hold(KEY, call(), gate.wait))
    await asyncio.sleep(0)
    with pytest.raises(ConcurrentUpdate) as failed:
        await locks.hold(KEY, call(0.02), work)
    assert (failed.value.outcome, done) == ("not_applied", [])
    gate.set()
    await held
    await locks.hold(KEY, call(), work)
    assert (done, len(locks)) == ([1], 0)


async def test_waiter_that_is_cancelled_leaves_the_lock_to_the_next() -> None:
    locks, gate, done = WriteLocks(), asyncio.Event(), []

    async def work() -> None:
        done.append(1)

    held = asyncio.ensure_future(locks.hold(KEY, call(), gate.wait))
    await asyncio.sleep(0)
    first = asyncio.ensure_future(locks.hold(KEY, call(), work))
    second = asyncio.ensure_future(locks.hold(KEY, call(), work))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    await asyncio.gather(held, second)
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (done, len(locks)) == ([1], 0)


async def test_work_that_fails_frees_the_lock() -> None:
    locks = WriteLocks()

    async def work() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await locks.hold(KEY, call(), work)
    assert len(locks) == 0

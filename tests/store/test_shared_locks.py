"""Write locks of several processes on one store: kernel locks beside SQLite, leases on PostgreSQL. Same promises."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import ConcurrentUpdate, StoreUnavailable
from gateway.operations import WriteLocks
from gateway.operations.locks import KernelLocks, LeaseLocks
from gateway.plan import Call
from gateway.store import Leases, LockFile, locks_beside
from tests.until import rounds, until

KEY = ("hr", "1")
LIFE_S = 0.5


def call(budget_s: float = 20.0) -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + budget_s, request_id="r")


@pytest.fixture
async def locks(url, stores):
    """Makes the locks of one more process."""
    made: list[WriteLocks] = []

    def make() -> WriteLocks:
        sqlite = url.startswith("sqlite")
        shared = KernelLocks(LockFile(locks_beside(url))) if sqlite else LeaseLocks(Leases(stores(), LIFE_S))
        made.append(WriteLocks(shared))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.mark.parametrize("processes", [2, 4], ids=["two processes", "four processes"])
async def test_processes_take_turns_and_no_update_is_lost(locks, processes: int) -> None:
    counted, inside = [0], []

    async def work() -> None:
        inside.append(1)
        assert len(inside) == 1
        seen = counted[0]
        await rounds(5)  # whoever else were inside would be seen
        counted[0] = seen + 1
        inside.pop()

    async def caller(own: WriteLocks) -> None:
        for _ in range(100 // processes // 2):
            await own.hold(KEY, call(), work)

    all_locks = [locks() for _ in range(processes)]
    await asyncio.gather(*(caller(own) for own in all_locks * 2))
    assert (counted, [len(own) for own in all_locks]) == ([100 // processes // 2 * processes * 2], [0] * processes)


async def test_lock_is_kept_for_as_long_as_work_takes_and_others_wait_until_their_deadline(locks) -> None:
    entered, gate, order = asyncio.Event(), asyncio.Event(), []
    first, second = locks(), locks()

    async def slow() -> None:
        entered.set()
        await gate.wait()
        order.append("first")

    async def quick() -> None:
        order.append("second")

    held = asyncio.ensure_future(first.hold(KEY, call(), slow))
    await entered.wait()
    with pytest.raises(ConcurrentUpdate) as failed:
        await second.hold(KEY, call(3 * LIFE_S), quick)
    assert (failed.value.outcome, failed.value.retryable) == ("not_applied", True)
    gate.set()
    await held
    await second.hold(KEY, call(), quick)
    assert (order, len(second)) == (["first", "second"], 0)


async def test_process_with_a_long_queue_lets_another_in_between(locks) -> None:
    order: list[str] = []
    first, second = locks(), locks()
    stopping = asyncio.Event()

    async def caller() -> None:
        while not stopping.is_set():
            await first.hold(KEY, call(), lambda: rounds(5))

    async def enter() -> None:
        order.append("second")

    busy = [asyncio.ensure_future(caller()) for _ in range(4)]
    await until(lambda: len(first) > 0)
    await second.hold(KEY, call(), enter)
    stopping.set()
    await asyncio.gather(*busy)
    assert order == ["second"]


async def test_caller_that_goes_away_while_it_waits_for_another_process_leaves_nothing_behind(locks) -> None:
    entered, gate = asyncio.Event(), asyncio.Event()
    first, second = locks(), locks()

    async def slow() -> None:
        entered.set()
        await gate.wait()

    held = asyncio.ensure_future(first.hold(KEY, call(), slow))
    await entered.wait()
    waits = asyncio.ensure_future(second.hold(KEY, call(), slow))
    await until(lambda: len(second) > 0)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    gate.set()
    await held
    assert (len(first), len(second)) == (0, 0)
    await second.hold(KEY, call(), slow)


class Fickle:
    """Leases whose store answers only at first."""

    life_s = 0.03

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes

    async def take(self, key) -> int:
        if not self.takes:
            raise StoreUnavailable
        return 1

    async def renew(self, held):
        raise StoreUnavailable

    async def release(self, key, fence) -> None:
        raise StoreUnavailable

    async def release_all(self) -> None:
        raise StoreUnavailable


async def test_write_without_a_store_is_refused_and_the_lock_stays_usable() -> None:
    leases = Fickle(takes=False)
    own, done = WriteLocks(LeaseLocks(leases)), []

    async def work() -> None:
        done.append(1)

    with pytest.raises(StoreUnavailable):
        await own.hold(KEY, call(), work)
    leases.takes = True
    await own.hold(KEY, call(), work)
    assert (done, len(own)) == ([1], 0)
    await own.close()

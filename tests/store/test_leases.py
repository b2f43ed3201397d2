"""Write lanes of several processes over one store: alone in it, for as long as renewed, no longer than the deadline."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from gateway.errors import ConcurrentUpdate, StoreUnavailable
from gateway.operations import WriteLocks
from gateway.plan import Call
from gateway.store import Leases, tables
from gateway.wire.leases import require_leases

KEY = ("hr", "1")
LIFE_S = 0.5


def call(budget_s: float = 20.0) -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + budget_s, request_id="r")


@pytest.fixture
def lanes(stores):
    return lambda life_s=LIFE_S: WriteLocks(Leases(stores(), life_s))


async def test_processes_take_turns_and_no_update_is_lost(lanes) -> None:
    counted, inside = [0], []

    async def work() -> None:
        inside.append(1)
        assert len(inside) == 1
        seen = counted[0]
        await asyncio.sleep(0.001)
        counted[0] = seen + 1
        inside.pop()

    async def caller(own: WriteLocks) -> None:
        for _ in range(25):
            await own.hold(KEY, call(), work)

    first, second = lanes(), lanes()
    await asyncio.gather(*(caller(own) for own in (first, second, first, second)))
    assert (counted, len(first), len(second)) == ([100], 0, 0)
    await first.close()
    await second.close()


async def test_lane_is_kept_by_renewal_for_as_long_as_work_takes(lanes) -> None:
    entered, gate, order = asyncio.Event(), asyncio.Event(), []
    first, second = lanes(), lanes()

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
    assert order == ["first", "second"]


async def test_lane_of_a_dead_process_is_free_when_its_lease_has_run_out(lanes, stores) -> None:
    dead = Leases(stores(), LIFE_S)
    fence = await dead.taken(KEY)
    done = []

    async def work() -> None:
        done.append(1)

    await lanes().hold(KEY, call(), work)
    assert done == [1]
    assert await dead.renewed([fence]) == frozenset()


async def test_fence_grows_with_every_holder_and_an_old_holder_gives_nothing_back(stores) -> None:
    first, second = Leases(stores(), 0.0), Leases(stores(), 60.0)
    old = await first.taken(KEY)
    new = await second.taken(KEY)
    await first.released(KEY, old)
    assert new > old
    assert await first.taken(KEY) is None
    await second.released(KEY, new)
    assert await first.taken(KEY) > old


async def test_everything_is_given_back_at_the_end(lanes, stores) -> None:
    own = lanes()
    await asyncio.gather(*(own.hold(("hr", str(n)), call(), lambda: asyncio.sleep(0)) for n in range(5)))
    await own.close()
    assert await stores().run(lambda c: c.execute(select(tables.leases)).all()) == []


class Fickle:
    """Leases whose store answers only at first."""

    life_s = 0.03

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes

    async def taken(self, lane) -> int:
        if not self.takes:
            raise StoreUnavailable
        return 1

    async def renewed(self, fences):
        raise StoreUnavailable

    async def released(self, lane, fence) -> None:
        raise StoreUnavailable

    async def dropped(self) -> None:
        raise StoreUnavailable


async def test_holder_that_cannot_renew_must_not_send() -> None:
    own, one = WriteLocks(Fickle()), call()
    checked = []

    async def work() -> None:
        require_leases(one, "hr")
        checked.append("held")
        await asyncio.sleep(3 * Fickle.life_s)
        with pytest.raises(ConcurrentUpdate) as failed:
            require_leases(one, "hr")
        checked.append(failed.value.outcome)

    await own.hold(KEY, one, work)
    assert (checked, one.leases, len(own)) == (["held", "not_applied"], (), 0)
    await own.close()


async def test_write_without_a_store_is_refused_and_the_lane_stays_usable() -> None:
    leases = Fickle(takes=False)
    own, done = WriteLocks(leases), []

    async def work() -> None:
        done.append(1)

    with pytest.raises(StoreUnavailable):
        await own.hold(KEY, call(), work)
    leases.takes = True
    await own.hold(KEY, call(), work)
    assert (done, len(own)) == ([1], 0)
    await own.close()

"""Leases on PostgreSQL: what one process takes, renews and releases, and what is left when it dies."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import event, select

from gateway.errors import ConcurrentUpdate, InvalidRequest
from gateway.operations import WriteLocks
from gateway.operations.locks import LeaseLocks
from gateway.store import Leases, Settings, Store, tables
from gateway.wire.leases import require_leases
from tests.store.test_shared_locks import Fickle, call
from tests.until import until

KEY = ("hr", "1")
KEYS = [("hr", str(number)) for number in range(30)]
LIFE_S = 0.5
NOT_FOR_POSTGRESQL = ("hr", "nul\0")


@pytest.fixture
def url(postgres, request: pytest.FixtureRequest) -> str:
    """An empty database on PostgreSQL; SQLite has kernel locks."""
    return str(postgres.database(f"leases{abs(hash(request.node.name))}"))


@pytest.fixture
async def statements(url: str):
    """A store, and the statements that it has been sent about leases."""
    store, sent = Store(Settings(url=url)), []
    assert await store.open() is None
    event.listen(store._engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    yield store, sent
    await store.close()


async def test_lock_of_a_dead_process_is_free_when_its_lease_has_run_out(stores) -> None:
    dead = Leases(stores(), LIFE_S)
    fence = await dead.take(KEY)
    locks, done = WriteLocks(LeaseLocks(Leases(stores(), LIFE_S))), []

    async def work() -> None:
        done.append(1)

    await locks.hold(KEY, call(), work)
    assert done == [1]
    assert await dead.renew([(KEY, fence)]) == frozenset()
    await locks.close()


@pytest.mark.parametrize(
    "bad", ["nul\0", random.Random(1).randbytes(4000).hex()], ids=["NUL", "longer than an index holds"]
)
async def test_id_that_postgresql_cannot_hold_is_refused_alone_and_not_with_those_beside_it(stores, bad: str) -> None:
    leases = Leases(stores(), LIFE_S)
    asked = [*KEYS[:15], ("hr", bad), *KEYS[15:]]
    taken: list[Any] = await asyncio.gather(*map(leases.take, asked), return_exceptions=True)
    assert isinstance(taken.pop(15), InvalidRequest)
    assert {type(each) for each in taken} == {int}


async def test_fence_grows_with_every_holder_and_an_old_holder_releases_nothing(stores) -> None:
    first, second = Leases(stores(), 0.0), Leases(stores(), 60.0)
    old = await first.take(KEY)
    new = await second.take(KEY)
    await first.release(KEY, old)
    assert new > old
    assert await first.take(KEY) is None
    await second.release(KEY, new)
    assert await first.take(KEY) > old


async def test_everything_is_released_at_the_end(stores) -> None:
    own = WriteLocks(LeaseLocks(Leases(stores(), LIFE_S)))
    await asyncio.gather(*(own.hold(key, call(), lambda: asyncio.sleep(0)) for key in KEYS))
    await own.close()
    assert await stores().run(lambda c: c.execute(select(tables.leases)).all()) == []


async def test_leases_of_one_moment_are_taken_renewed_and_released_with_one_statement_each(statements) -> None:
    store, sent = statements
    leases = Leases(store, 60.0)
    fences = await asyncio.gather(*map(leases.take, KEYS))
    held = list(zip(KEYS, fences, strict=True))
    assert await leases.renew(held) == frozenset(held)
    await asyncio.gather(*(leases.release(key, fence) for key, fence in held))
    assert [statement.split()[0] for statement in sent] == ["INSERT", "WITH", "WITH"]
    assert await store.run(lambda c: c.execute(select(tables.leases)).all()) == []


async def test_two_gateways_that_take_the_same_locks_at_once_share_them_out(stores) -> None:
    first, second = Leases(stores(), 60.0), Leases(stores(), 60.0)
    taken = await asyncio.gather(*map(first.take, KEYS), *map(second.take, reversed(KEYS)))
    ours, theirs = taken[: len(KEYS)], taken[len(KEYS) :][::-1]
    assert [(a is None) != (b is None) for a, b in zip(ours, theirs, strict=True)] == [True] * len(KEYS)


async def test_key_that_the_database_cannot_hold_fails_alone(stores) -> None:
    leases = Leases(stores(), 60.0)
    taken: list[Any] = await asyncio.gather(*map(leases.take, [*KEYS, NOT_FOR_POSTGRESQL]), return_exceptions=True)
    assert [isinstance(fence, int) for fence in taken] == [True] * len(KEYS) + [False]
    assert isinstance(taken[-1], Exception)


async def test_lease_that_was_taken_for_a_caller_that_went_away_is_released(stores) -> None:
    leases, other = Leases(stores(), 60.0), Leases(stores(), 60.0)
    asked = asyncio.ensure_future(leases.take(KEY))
    await asyncio.sleep(0)
    asked.cancel()

    async def taken() -> bool:
        return await other.take(KEY) is not None

    await until(taken)


async def test_holder_that_cannot_renew_must_not_send() -> None:
    own, one = WriteLocks(LeaseLocks(Fickle())), call()
    checked = []

    async def work() -> None:
        require_leases(one, "hr")
        checked.append("held")
        loop = asyncio.get_running_loop()
        await until(lambda: loop.time() >= one.leases[0].until)
        with pytest.raises(ConcurrentUpdate) as failed:
            require_leases(one, "hr")
        checked.append(failed.value.outcome)

    await own.hold(KEY, one, work)
    assert (checked, one.leases, len(own)) == (["held", "not_applied"], (), 0)
    await own.close()

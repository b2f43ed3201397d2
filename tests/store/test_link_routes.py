"""Routes of links in several processes on one store: soon right for reads, and right at once under a write lock."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text

from gateway.bridge.routes import LinkRoutes
from gateway.errors import StoreUnavailable
from gateway.operations import WriteLocks
from gateway.operations.locks import KernelLocks, LeaseLocks
from gateway.store import LeaseNumbers, Leases, LinkCounter, LinkRecords, LockFile, Store, listen, locks_beside, tables
from tests.cli.programs import ROOT
from tests.linked import link, side
from tests.store.test_shared_locks import call
from tests.until import until

ONE = link("hr:s1", "claims:1")
FLIPPED = msgspec.structs.replace(ONE, state="live", authority="target")
DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from gateway.bridge.routes import LinkRoutes
from gateway.store import LinkCounter, LinkRecords, LockFile, Settings, Store
from tests.linked import link

async def main():
    url, locks, when = sys.argv[1:]
    store = Store(Settings(url=url))
    records, counter = LinkRecords(store), LinkCounter(LockFile(Path(locks)))
    if when == "before it began":
        os.kill(os.getpid(), signal.SIGKILL)
    await counter.begin()
    if when == "before the commit":
        os.kill(os.getpid(), signal.SIGKILL)
    await records.create([link("hr:s1", "claims:1")])
    if when == "after the commit":
        os.kill(os.getpid(), signal.SIGKILL)
    await counter.end()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


class Process:
    """What one gateway process has of links and write locks."""

    def __init__(self, url: str, store: Store) -> None:
        self.records = LinkRecords(store)
        if url.startswith("sqlite"):
            path = locks_beside(url)
            self.locks = WriteLocks(KernelLocks(LockFile(path)))
            self.routes = LinkRoutes(self.records, LinkCounter(LockFile(path)))
        else:
            leases = Leases(store, 60.0)
            self.locks = WriteLocks(LeaseLocks(leases))
            self.routes = LinkRoutes(self.records, LeaseNumbers(leases))

    async def create(self, *links: Any) -> None:
        async with self.routes.changing():
            self.routes.note([each for each in await self.records.create(links) if each is not None])

    async def flip(self) -> None:
        async with self.routes.changing():
            stored = await self.records.find(ONE.id)
            assert stored is not None
            after = await self.records.replace(msgspec.structs.replace(FLIPPED, changed=stored.changed))
            assert after is not None
            self.routes.note([after])

    async def owner(self) -> object:
        """Who a write finds to own ``hr:s1``, under the lock."""

        async def look() -> object:
            if not self.routes.is_current():
                await self.routes.refresh()
            found = self.routes.find("hr", "s1")
            return None if found is None else found.owner

        return await self.locks.hold(("hr", "s1"), call(), look)


@pytest.fixture
async def processes(url, stores):
    """Two processes that have read the links."""
    both = Process(url, stores()), Process(url, stores())
    for each in both:
        await each.routes.refresh()
    yield both
    for each in both:
        await each.locks.close()


async def test_write_of_another_process_finds_the_owner_as_it_is_by_then(processes) -> None:
    one, other = processes
    assert await other.owner() is None
    await one.create(ONE)
    assert await other.owner() == side("hr:s1")
    await one.flip()
    assert await other.owner() == side("claims:1")
    [stored] = await one.records.list_some()
    async with one.routes.changing():
        assert await one.records.remove(stored)
        one.routes.note((), [stored.id])
    assert (await other.owner(), await one.owner()) == (None, None)


async def test_write_that_waits_for_the_lock_finds_the_owner_as_it_is_when_its_turn_comes(processes) -> None:
    one, other = processes
    await one.create(ONE)
    entered, gate = asyncio.Event(), asyncio.Event()

    async def cut_over() -> None:
        entered.set()
        await gate.wait()
        await one.flip()

    moving = asyncio.ensure_future(one.locks.hold(("hr", "s1"), call(), cut_over))
    await entered.wait()
    waiting = asyncio.ensure_future(other.owner())
    await asyncio.sleep(0)
    gate.set()
    await moving
    assert await waiting == side("claims:1")


async def test_write_reads_nothing_where_nothing_has_changed(processes, monkeypatch) -> None:
    one, other = processes
    await one.create(ONE)
    assert await other.owner() == side("hr:s1")
    read = []
    monkeypatch.setattr(other.records, "changed_since", lambda *given: read.append(given))
    assert [await other.owner() for _ in range(3)] == [side("hr:s1")] * 3
    assert read == []


async def test_reads_are_right_soon_after_a_change_of_another_process(processes) -> None:
    one, other = processes
    following = asyncio.ensure_future(other.routes.follow(asyncio.Event()))
    await one.create(ONE)
    await until(lambda: other.routes.find("hr", "s1") is not None)
    following.cancel()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_changes_are_told_on_postgresql_before_anybody_looks(url, stores) -> None:
    store, woken = stores(), []
    await store.open()
    listening = asyncio.ensure_future(listen(url, lambda: woken.append(1)))
    await until(lambda: woken == [1])
    await LinkRecords(store).create([ONE])
    await until(lambda: len(woken) > 1)
    listening.cancel()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_number_comes_as_it_is_when_the_lock_is_taken_not_when_the_statement_began(stores) -> None:
    leases, records = Leases(stores(), 60.0), LinkRecords(stores())
    await records.create([ONE])
    held, gate = threading.Event(), threading.Event()

    def hold(connection: Any) -> None:
        row = {"engine": "hr", "instance": "s0", "owner": "x", "fence": 1, "expires": 0.0}
        connection.execute(tables.leases.insert().values(row))
        held.set()
        gate.wait()

    holding = asyncio.ensure_future(stores().run(hold))
    await asyncio.to_thread(held.wait)
    taking = asyncio.gather(leases.take(("hr", "s0")), leases.take(("hr", "s1")))  # one statement, which waits for s0
    waits = select(func.count()).select_from(text("pg_locks")).where(text("NOT granted"))
    watching = stores()
    await until(lambda: _waits(watching, waits))
    [stored] = await records.list_some()
    await records.replace(msgspec.structs.replace(FLIPPED, changed=stored.changed))
    gate.set()
    await holding
    await taking
    assert leases.last_link_change == await records.last_change() == 2


async def _waits(store: Store, query: Any) -> bool:
    return bool(await store.once(lambda connection: connection.execute(query).scalar_one()))


@pytest.mark.parametrize("when", ["before it began", "before the commit", "after the commit", "after the end"])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_process_that_is_killed_while_it_changes_a_link_leaves_nobody_stale(url, stores, when) -> None:
    process = Process(url, stores())
    await process.routes.refresh()
    mark = process.routes._mark
    arguments = [sys.executable, "-c", DIES, url, str(locks_beside(url)), when]
    dead = await asyncio.to_thread(subprocess.run, arguments, cwd=ROOT, check=False)
    assert dead.returncode == -9
    is_changed = when.startswith("after")
    assert process.routes.is_current() is (when == "before it began")
    assert await process.owner() == (side("hr:s1") if is_changed else None)
    assert process.routes.is_current()
    assert (process.routes._mark == mark) is (when == "before it began")
    await process.create(link("hr:s2", "claims:2", 2))
    await process.locks.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_two_processes_change_links_one_after_the_other(url, stores) -> None:
    one, other = Process(url, stores()), Process(url, stores())
    each = [link(f"hr:s{number}", f"claims:{number}", number) for number in range(2, 12)]
    await asyncio.gather(*(of.create(made) for of, made in zip([one, other] * 5, each, strict=True)))
    await one.routes.refresh()
    await other.routes.refresh()
    assert len(one.routes) == len(other.routes) == len(each)
    for process in (one, other):
        await process.locks.close()


def test_number_that_cannot_be_read_or_written_leaves_the_lock_free(tmp_path: Path) -> None:
    file = LockFile(tmp_path / "locks")
    counter = LinkCounter(file)
    assert (counter.mark(), counter.is_current(0, 0)) == (0, True)
    file.close()
    with pytest.raises(StoreUnavailable):
        counter.mark()
    with pytest.raises(StoreUnavailable):
        file.write_number(1)

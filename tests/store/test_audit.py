"""The audit trail on both databases: one chain of many writers, one commit with what it is about, and no way back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.bridge.audit import check_end, verify
from gateway.errors import StoreUnavailable
from gateway.model.audit import GENESIS, AuditAct, AuditEntry, AuditFilter, Head, entry_hash
from gateway.model.bridge import BridgePlan, Link, Side
from gateway.store import AuditRecords, LinkRecords, PlanRecords, Settings, Store
from gateway.store.audit import append


def act(number: int = 1, caller: str = "ada", subject: str = "link:1") -> AuditAct:
    return AuditAct(caller=caller, action="link.copy", subject=subject, evidence={"number": number})


async def chain(records: AuditRecords) -> list[AuditEntry]:
    return await records.list_after(0, 1000)


async def test_entries_follow_one_another_from_the_beginning(stores: Any) -> None:
    records = AuditRecords(stores())
    assert await records.head() == GENESIS
    await records.append([act(1), act(2)])
    await records.append([act(3, caller="bob")])
    found = await chain(records)
    assert [(each.sequence, each.caller, each.evidence) for each in found] == [
        (1, "ada", b'{"number":1}'),
        (2, "ada", b'{"number":2}'),
        (3, "bob", b'{"number":3}'),
    ]
    assert [each.previous for each in found] == [GENESIS.hash, found[0].hash, found[1].hash]
    assert [each.hash for each in found] == [entry_hash(each) for each in found]
    assert verify(found, GENESIS) == found[-1].head == await records.head()
    assert all(1.7e12 < each.at_ms < 1e13 for each in found)


async def test_appending_nothing_changes_nothing(stores: Any) -> None:
    records = AuditRecords(stores())
    await records.append([])
    assert (await records.head(), await chain(records)) == (GENESIS, [])


async def test_work_that_fails_leaves_no_entry(stores: Any) -> None:
    store = stores()

    def work(connection: Connection) -> None:
        append(connection, [act()])
        raise ValueError

    with pytest.raises(ValueError):
        await store.run(work)
    assert (await AuditRecords(store).head(), await chain(AuditRecords(store))) == (GENESIS, [])


async def said(records: AuditRecords) -> list[tuple[str, str, str, Any]]:
    return [(each.caller, each.action, each.subject, json.loads(each.evidence)) for each in await chain(records)]


def link(number: int) -> Link:
    sides = Side("hr", str(number)), Side("claims", str(number))
    return Link(id=f"{number:032x}", source=sides[0], target=sides[1], public=sides[0].public)


async def test_link_and_its_entry_are_one_commit(stores: Any) -> None:
    store = stores()
    links, records = LinkRecords(store), AuditRecords(store)
    crossing = Link(id="f" * 32, source=Side("claims", "1"), target=Side("hr", "9"), public="claims:1")
    stored = await links.create([link(1), crossing, link(2)], [act(1), act(99), act(2)])
    assert [None if each is None else each.id for each in stored] == [link(1).id, None, link(2).id]
    first = stored[0]
    changed = await links.replace(first, [act(3)])
    assert await links.replace(first, [act(99)]) is None
    assert await links.remove(first, [act(99)]) is False
    assert await links.remove(changed, [act(4)]) is True
    assert [evidence["number"] for *_, evidence in await said(records)] == [1, 2, 3, 4]
    assert verify(await chain(records), GENESIS) == await records.head()


async def test_link_whose_entry_cannot_be_written_is_not_changed(stores: Any) -> None:
    store = stores()
    links = LinkRecords(store)
    [stored] = await links.create([link(1)])
    await store.run(lambda connection: connection.execute(text("ALTER TABLE audit_entries RENAME TO gone")).close())
    with pytest.raises((SQLAlchemyError, StoreUnavailable)):
        await links.replace(stored, [act()])
    assert await links.find(stored.id) == stored


async def test_plan_and_its_entry_are_one_commit(stores: Any) -> None:
    store = stores()
    plans, records = PlanRecords(store), AuditRecords(store)
    plan = BridgePlan(name="move", source="hr", target="claims")
    assert [await plans.create(plan, acts=[act(1)]), await plans.create(plan, acts=[act(99)])] == [True, False]
    assert [await plans.replace(plan, acts=[act(2)]), await plans.replace(plan, acts=[act(99)])] == [True, False]
    assert [await plans.remove("move", [act(3)]), await plans.remove("move", [act(99)])] == [True, False]
    assert [evidence["number"] for *_, evidence in await said(records)] == [1, 2, 3]


async def test_entries_are_found_by_subject_caller_and_time_latest_first(stores: Any) -> None:
    records = AuditRecords(stores())
    await records.append([act(1), act(2, caller="bob"), act(3, subject="plan:move")])
    await records.append([act(4, caller="bob", subject="plan:move")])
    latest = (await chain(records))[-1]

    async def numbers(limit: int = 100, **wanted: Any) -> list[int]:
        return [each.sequence for each in await records.list_latest(AuditFilter(**wanted), limit)]

    assert await numbers() == [4, 3, 2, 1]
    assert await numbers(limit=2) == [4, 3]
    assert await numbers(before=3, limit=2) == [2, 1]
    assert await numbers(subject="plan:move") == [4, 3]
    assert await numbers(caller="bob") == [4, 2]
    assert await numbers(caller="bob", subject="plan:move", since_ms=0) == [4]
    assert await numbers(since_ms=latest.at_ms + 1) == []


WRITER = """
import asyncio, sys
from gateway.model.audit import AuditAct
from gateway.store import AuditRecords, Settings, Store

async def main(url, caller, count):
    store = Store(Settings(url=url, timeout_s=60.0))
    records = AuditRecords(store)
    await store.open()
    print("ready", flush=True)
    sys.stdin.readline()
    acts = [AuditAct(caller=caller, action="link.copy", subject=f"link:{number}") for number in range(count)]
    for at in range(0, count, 2):
        await asyncio.gather(records.append(acts[at : at + 1]), records.append(acts[at + 1 : at + 2]))
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_two_processes_that_write_at_once_make_one_chain(stores: Any, url: str) -> None:
    count = 60
    records = AuditRecords(stores(timeout_s=60.0))
    assert await records.head() == GENESIS
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, caller, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for caller in ("one", "two")
    ]
    for each in writers:
        assert each.stdout.readline() == "ready\n"
    for each in writers:
        each.stdin.write("go\n")
        each.stdin.flush()
    own = [records.append([act(number, caller="three")]) for number in range(count)]
    await asyncio.gather(*own)
    assert [await asyncio.to_thread(each.wait, 60) for each in writers] == [0, 0]
    found = await chain(records)
    assert verify(found, GENESIS) == await records.head()
    assert {caller: sum(each.caller == caller for each in found) for caller in ("one", "two", "three")} == {
        "one": count,
        "two": count,
        "three": count,
    }
    for each in writers:
        each.stdin.close()
        each.stdout.close()


FORBIDDEN = [
    "UPDATE audit_entries SET caller = 'eve' WHERE sequence = 2",
    "DELETE FROM audit_entries WHERE sequence = 2",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET sequence = 1",
]


@pytest.mark.parametrize(
    "statement", FORBIDDEN, ids=["change an entry", "remove an entry", "remove the head", "put the head back"]
)
async def test_database_refuses_to_change_what_was_recorded(stores: Any, statement: str) -> None:
    store = stores()
    records = AuditRecords(store)
    await records.append([act(1), act(2), act(3)])
    before = await chain(records), await records.head()
    with pytest.raises((SQLAlchemyError, StoreUnavailable)) as failed:
        await store.run(lambda connection: connection.execute(text(statement)).close())
    assert "only ever added to" in str(failed.value.__cause__ or failed.value)
    assert (await chain(records), await records.head()) == before


async def test_entry_cannot_be_replaced_by_inserting_it_again(stores: Any) -> None:
    store = stores()
    records = AuditRecords(store)
    await records.append([act(1), act(2)])
    before = await chain(records)
    replacing = (
        "INSERT OR REPLACE INTO audit_entries SELECT sequence, at_ms, 'eve', action, subject, evidence, previous, hash"
        " FROM audit_entries WHERE sequence = 1"
        if store.is_sqlite
        else "TRUNCATE audit_entries"
    )
    with pytest.raises((SQLAlchemyError, StoreUnavailable)):
        await store.run(lambda connection: connection.execute(text(replacing)).close())
    assert await chain(records) == before


DROPPED = {
    "sqlite": ("audit_entries_unchanged", "audit_entries_unremoved", "audit_head_grows"),
    "postgresql": ("audit_entries_stay ON audit_entries", "audit_head_grows ON audit_head"),
}


async def run(store: Store, *statements: str) -> None:
    for statement in statements:
        await store.run(lambda connection, said=statement: connection.execute(text(said)).close())


async def drop_triggers(store: Store) -> None:
    """Do what the owner of the tables can do."""
    await run(store, *(f"DROP TRIGGER {name}" for name in DROPPED["sqlite" if store.is_sqlite else "postgresql"]))


SWAP = [
    "UPDATE audit_entries SET sequence = -2 WHERE sequence = 2",
    "UPDATE audit_entries SET sequence = 2 WHERE sequence = 4",
    "UPDATE audit_entries SET sequence = 4 WHERE sequence = -2",
]
TAMPERING = {
    "a caller's name changed": (["UPDATE audit_entries SET caller = 'eve' WHERE sequence = 3"], ("changed", 3)),
    "a time changed": (["UPDATE audit_entries SET at_ms = at_ms + 1 WHERE sequence = 3"], ("changed", 3)),
    "a hash changed": (["UPDATE audit_entries SET hash = previous WHERE sequence = 3"], ("changed", 3)),
    "one removed": (["DELETE FROM audit_entries WHERE sequence = 3"], ("missing", 3)),
    "the first removed": (["DELETE FROM audit_entries WHERE sequence = 1"], ("missing", 1)),
    "two swapped": (SWAP, ("moved", 2)),
    "one removed and the rest renumbered": (
        [
            "DELETE FROM audit_entries WHERE sequence = 3",
            "UPDATE audit_entries SET sequence = 3 WHERE sequence = 4",
            "UPDATE audit_entries SET sequence = 4 WHERE sequence = 5",
        ],
        ("moved", 3),
    ),
    "the end removed": (["DELETE FROM audit_entries WHERE sequence = 5"], ("truncated", 5)),
}


@pytest.mark.parametrize(("statements", "wanted"), TAMPERING.values(), ids=TAMPERING)
async def test_tampering_with_the_triggers_dropped_is_found(
    stores: Any, statements: list[str], wanted: tuple[str, int]
) -> None:
    store = stores()
    records = AuditRecords(store)
    await records.append([act(number) for number in range(1, 6)])
    await drop_triggers(store)
    await run(store, *statements)
    checked = verify(await chain(records), GENESIS)
    found = check_end(checked, await records.head()) if isinstance(checked, Head) else checked
    assert found is not None
    assert (found.fault, found.sequence) == wanted


async def test_end_removed_with_its_head_is_found_by_an_exported_head_alone(stores: Any) -> None:
    store = stores()
    records = AuditRecords(store)
    await records.append([act(number) for number in range(1, 6)])
    exported = await records.head()
    fourth = (await chain(records))[3]
    await drop_triggers(store)
    await run(
        store,
        "DELETE FROM audit_entries WHERE sequence = 5",
        f"UPDATE audit_head SET sequence = 4, hash = '{fourth.hash}'",
    )
    end = verify(await chain(records), GENESIS)
    assert end == await records.head() == fourth.head
    assert check_end(end, exported).fault == "truncated"
    await records.append([act(6)])
    rewritten = verify(await chain(records), GENESIS, [exported])
    assert (rewritten.fault, rewritten.sequence) == ("rewritten", 5)


async def test_store_that_is_away_is_said_to_be() -> None:
    store = Store(Settings(url="sqlite:////nowhere/at/all.db"))
    records = AuditRecords(store)
    for asked in (records.append([act()]), records.head(), records.list_after(0, 1), records.list_latest()):
        with pytest.raises(StoreUnavailable):
            await asked
    await store.close()

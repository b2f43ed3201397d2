"""Idempotency keys in both databases: one claim, one answer, one truth about what nobody knows."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from gateway.model.idempotency import Claim
from gateway.store import KeyRecords, Leases, tables

IDENT = ("portal", "k-1")
DAY_S = 86_400.0


def claim(ident=IDENT, request_id: str = "r1") -> Claim:
    return Claim(ident=ident, fingerprint=b"f", request_id=request_id, intent=b"{}")


def told(record) -> tuple[object, ...]:
    return record.fingerprint, record.state, record.request_id, record.intent, record.answer


async def test_one_of_many_claims_and_its_answer_is_kept(stores) -> None:
    processes = [KeyRecords(stores(), 60.0, DAY_S) for _ in range(4)]
    won = await asyncio.gather(*(keys.claimed(claim()) for keys in processes))
    assert sorted(won) == [False, False, False, True]
    winner, other = processes[won.index(True)], processes[won.index(False)]
    assert told(await other.found(IDENT)) == (b"f", "running", "r1", b"{}", None)
    await other.answered(IDENT, "done", b"of another")
    await other.freed(IDENT)
    await winner.answered(IDENT, "done", b"answer")
    await winner.freed(IDENT)
    assert told(await other.found(IDENT)) == (b"f", "done", "r1", b"{}", b"answer")
    assert await other.found(("another", "k-1")) is None


async def test_key_that_is_freed_may_be_claimed_again(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    assert await keys.claimed(claim())
    await keys.freed(IDENT)
    assert await keys.found(IDENT) is None
    assert await keys.claimed(claim(request_id="r2"))


async def test_claim_that_ran_out_cannot_be_answered_by_its_owner_and_is_settled_once(stores) -> None:
    dead, keys = KeyRecords(stores(), 0.0, DAY_S), KeyRecords(stores(), 60.0, DAY_S)
    assert await dead.claimed(claim())
    assert (await keys.found(IDENT)).state == "abandoned"
    assert await dead.renewed([IDENT]) == frozenset()
    assert not await keys.claimed(claim())
    assert await keys.abandoned(IDENT)
    await dead.answered(IDENT, "done", b"too late")
    settled = await asyncio.gather(*(keys.settled(IDENT, answer) for answer in (b"a", b"b")))
    kept = (await keys.found(IDENT)).answer
    assert (set(settled), kept in {b"a", b"b"}) == ({kept}, True)
    assert told(await keys.found(IDENT)) == (b"f", "done", "r1", b"{}", kept)


async def test_claim_that_is_renewed_is_not_abandoned(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    assert await keys.claimed(claim())
    assert await keys.renewed([IDENT, ("portal", "other")]) == frozenset({IDENT})
    assert not await keys.abandoned(IDENT)
    assert (await keys.found(IDENT)).state == "running"


async def test_old_keys_are_forgotten_and_swept_with_old_leases(stores) -> None:
    store = stores()
    brief, keys = KeyRecords(store, 60.0, 0.0), KeyRecords(store, 60.0, DAY_S)
    assert await keys.claimed(claim())
    await Leases(store, -7200.0).taken(("hr", "1"))
    await Leases(store, 60.0).taken(("hr", "2"))
    assert await brief.found(IDENT) is None
    assert await brief.claimed(claim(request_id="r2"))
    await keys.swept()
    assert (await keys.found(IDENT)).request_id == "r2"
    await brief.swept()
    assert await keys.found(IDENT) is None
    left = await store.run(lambda c: c.execute(select(tables.leases.c.instance)).scalars().all())
    assert left == ["2"]

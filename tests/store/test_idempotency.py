"""Idempotency keys in both databases: one claim, one answer, one truth about what nobody knows."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import select

from gateway.model.idempotency import Claim
from gateway.store import KeyRecords, tables

IDENT = ("portal", "k-1")
DAY_S = 86_400.0


def claim(ident=IDENT, request_id: str = "r1") -> Claim:
    return Claim(ident=ident, fingerprint=b"f", request_id=request_id, intent=b"{}")


def told(record) -> tuple[object, ...]:
    return record.fingerprint, record.state, record.request_id, record.intent, record.answer


async def test_one_of_many_claims_and_its_answer_is_kept(stores) -> None:
    processes = [KeyRecords(stores(), 60.0, DAY_S) for _ in range(4)]
    won = await asyncio.gather(*(keys.claim(claim()) for keys in processes))
    assert sorted(won) == [False, False, False, True]
    winner, other = processes[won.index(True)], processes[won.index(False)]
    assert told(await other.find(IDENT)) == (b"f", "running", "r1", b"{}", None)
    await other.keep_answer(IDENT, "done", b"of another")
    await other.free(IDENT)
    await winner.keep_answer(IDENT, "done", b"answer")
    await winner.free(IDENT)
    assert told(await other.find(IDENT)) == (b"f", "done", "r1", b"{}", b"answer")
    assert await other.find(("another", "k-1")) is None


async def test_key_that_is_freed_may_be_claimed_again(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    assert await keys.claim(claim())
    await keys.free(IDENT)
    assert await keys.find(IDENT) is None
    assert await keys.claim(claim(request_id="r2"))


async def test_claim_that_ran_out_cannot_be_answered_by_its_owner_and_is_settled_once(stores) -> None:
    dead, keys = KeyRecords(stores(), 0.0, DAY_S), KeyRecords(stores(), 60.0, DAY_S)
    assert await dead.claim(claim())
    assert (await keys.find(IDENT)).state == "abandoned"
    assert await dead.renew([IDENT]) == frozenset()
    assert not await keys.claim(claim())
    assert await keys.abandon(IDENT)
    await dead.keep_answer(IDENT, "done", b"too late")
    settled = await asyncio.gather(*(keys.settle(IDENT, answer) for answer in (b"a", b"b")))
    kept = (await keys.find(IDENT)).answer
    assert (set(settled), kept in {b"a", b"b"}) == ({kept}, True)
    assert told(await keys.find(IDENT)) == (b"f", "done", "r1", b"{}", kept)


async def test_claim_that_is_renewed_is_not_abandoned(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    assert await keys.claim(claim())
    assert await keys.renew([IDENT, ("portal", "other")]) == frozenset({IDENT})
    assert not await keys.abandon(IDENT)
    assert (await keys.find(IDENT)).state == "running"


async def test_old_keys_are_forgotten_and_swept_with_old_leases(stores) -> None:
    store = stores()
    brief, keys = KeyRecords(store, 60.0, 0.0), KeyRecords(store, 60.0, DAY_S)
    assert await keys.claim(claim())
    rows = [
        {"engine": "hr", "instance": name, "owner": "gone", "fence": 1, "expires": time.time() + expires_s}
        for name, expires_s in (("old", -7200.0), ("new", 60.0))
    ]
    await store.run(lambda c: c.execute(tables.leases.insert(), rows).close())
    assert await brief.find(IDENT) is None
    assert await brief.claim(claim(request_id="r2"))
    await keys.sweep()
    assert (await keys.find(IDENT)).request_id == "r2"
    await brief.sweep()
    assert await keys.find(IDENT) is None
    left = await store.run(lambda c: c.execute(select(tables.leases.c.instance)).scalars().all())
    assert left == ["new"]

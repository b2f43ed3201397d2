"""Group commit on both databases: what waits at one moment is one commit, and nobody pays for another's fault."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import event

from gateway.errors import StoreUnavailable
from gateway.model.idempotency import Claim
from gateway.store import KeyRecords

DAY_S = 86_400.0
IDENTS = [("portal", f"k{number}") for number in range(40)]
NO_UNICODE = ("portal", "\udc80")


def claim(ident: tuple[str, str]) -> Claim:
    return Claim(ident=ident, fingerprint=b"f", request_id="r", intent=b"{}")


async def opened(stores: Any) -> tuple[Any, list[str]]:
    """A store, and the first words of what it commits: of each statement, or of each transaction on SQLite."""
    store, sent = stores(), []
    assert await store.open() is None

    def statement(_c: Any, _cursor: Any, text: str, *_more: Any) -> None:
        word = text.split(maxsplit=1)[0]
        if word == "BEGIN" or not store.is_sqlite:
            sent.append(word)

    event.listen(store._engine, "before_cursor_execute", statement)
    return store, sent


async def test_claims_and_answers_of_one_moment_share_a_commit(stores) -> None:
    store, commits = await opened(stores)
    keys = KeyRecords(store, 60.0, DAY_S)
    assert await asyncio.gather(*map(keys.find, IDENTS)) == [None] * len(IDENTS)
    assert await asyncio.gather(*(keys.claim(claim(ident)) for ident in IDENTS)) == [True] * len(IDENTS)
    await asyncio.gather(*(keys.keep_answer(ident, "done", ident[1].encode()) for ident in IDENTS))
    assert len(commits) == 3
    found = await asyncio.gather(*map(keys.find, IDENTS))
    assert [record.answer for record in found] == [ident[1].encode() for ident in IDENTS]


async def test_statements_that_come_while_others_run_wait_for_the_next_turn_together(stores) -> None:
    store, commits = await opened(stores)
    keys = KeyRecords(store, 60.0, DAY_S)
    first = asyncio.ensure_future(keys.claim(claim(IDENTS[0])))
    while not keys._groups._turns:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(keys.claim(claim(ident))) for ident in IDENTS[1:]]
    assert await asyncio.gather(first, *others) == [True] * len(IDENTS)
    assert len(commits) == 2


async def test_two_claims_of_one_key_at_one_moment_are_won_by_one(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    won = await asyncio.gather(*(keys.claim(claim(ident)) for ident in (*IDENTS, IDENTS[0])))
    assert (won.count(False), won[0] != won[-1]) == (1, True)


async def test_text_that_the_database_cannot_hold_fails_alone(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    asked = [*IDENTS[:3], NO_UNICODE, *IDENTS[3:]]
    claimed: list[Any] = await asyncio.gather(*(keys.claim(claim(ident)) for ident in asked), return_exceptions=True)
    assert [each is True for each in claimed] == [ident is not NO_UNICODE for ident in asked]
    with pytest.raises(UnicodeEncodeError):
        raise claimed[3]


async def test_everybody_who_waits_learns_that_the_store_is_gone(stores, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_work: Any) -> None:
        raise StoreUnavailable("gone")

    store = stores()
    keys = KeyRecords(store, 60.0, DAY_S)
    monkeypatch.setattr(store, "once", gone)
    told: list[Any] = await asyncio.gather(*map(keys.find, IDENTS), return_exceptions=True)
    assert [type(error) for error in told] == [StoreUnavailable] * len(IDENTS)
    assert len({id(error) for error in told}) == len(IDENTS)


async def test_caller_that_goes_away_takes_nothing_from_those_that_wait_with_it(stores) -> None:
    keys = KeyRecords(stores(), 60.0, DAY_S)
    asked = [asyncio.ensure_future(keys.claim(claim(ident))) for ident in IDENTS]
    await asyncio.sleep(0)
    asked[5].cancel()
    done: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
    assert [each is True for each in done] == [number != 5 for number in range(len(IDENTS))]

"""What processes tell one another of callers' rates, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from gateway.errors import StoreUnavailable
from gateway.store import RateUses, Settings, Store
from gateway.store.tables import rate_uses


async def test_each_process_learns_what_others_have_used_since_it_asked_last(stores: Any) -> None:
    one, two, three = (RateUses(stores()) for _ in range(3))
    assert [await each.exchange({}) for each in (one, two, three)] == [{}, {}, {}]
    assert await one.exchange({"portal": 5}) == {}
    assert await two.exchange({"portal": 7, "batch": 1}) == {"portal": [5]}
    assert {name: sorted(used) for name, used in (await three.exchange({})).items()} == {"portal": [5, 7], "batch": [1]}
    assert await one.exchange({"portal": 2}) == {"portal": [7], "batch": [1]}
    assert await three.exchange({}) == {"portal": [2]}
    assert await three.exchange({}) == {}


async def test_what_was_used_before_a_process_began_is_not_held_against_its_callers(stores: Any) -> None:
    one, late = RateUses(stores()), RateUses(stores())
    _ = await one.exchange({"portal": 1000})
    assert await late.exchange({}) == {}
    _ = await one.exchange({"portal": 3})
    assert await late.exchange({}) == {"portal": [3]}


async def test_rows_that_nobody_adds_to_are_removed_and_begin_anew(stores: Any) -> None:
    store = stores()
    one, two = RateUses(store), RateUses(stores())
    _ = await one.exchange({"portal": 1000})
    _ = await two.exchange({})
    _ = await store.run(lambda connection: connection.execute(update(rate_uses).values(seen=0.0)))
    _ = await RateUses(stores()).exchange({})
    count = select(func.count()).select_from(rate_uses)
    assert await store.run(lambda connection: connection.execute(count).scalar_one()) == 0
    assert await two.exchange({}) == {}
    _ = await one.exchange({"portal": 4})
    assert await two.exchange({}) == {"portal": [4]}


async def test_store_that_is_away_is_said_to_be() -> None:
    store = Store(Settings(url="sqlite:////nowhere/at/all.db"))
    with pytest.raises(StoreUnavailable):
        _ = await RateUses(store).exchange({"portal": 1})
    await store.close()

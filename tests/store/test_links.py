"""Plans and links in both databases: no instance in two links, no change overwritten, none missed by those who follow."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from gateway.errors import BridgeTransitionRefused, InvalidRequest
from gateway.model.bridge import FORGOTTEN, BridgePlan, Link, LinkCounts, LinkFilter, Move, Selector, Side, TwinRule
from gateway.store import LinkRecords, PlanRecords


def link(number: int, source: str = "", target: str = "", **more: Any) -> Link:
    """A link of ``hr:sN`` and ``claims:tN`` unless its sides are named."""
    sides = [Side(*name.split(":")) for name in (source or f"hr:s{number}", target or f"claims:t{number}")]
    return Link(id=f"{number:032x}", source=sides[0], target=sides[1], public=sides[0].public, **more)


def plan(name: str = "move", source: str = "hr", target: str = "claims", **more: Any) -> BridgePlan:
    return BridgePlan(name=name, source=source, target=target, **more)


def ids(links: Sequence[Link | None]) -> list[int | None]:
    return [None if each is None else int(each.id, 16) for each in links]


async def test_link_is_found_by_its_id_and_by_either_side(stores) -> None:
    links = LinkRecords(stores())
    await PlanRecords(links._store).create(plan())
    more = {"business_key": "K", "state": "dual", "stale": "a task", "problem": "nobody knows", "plan": "move"}
    given = link(1, move=Move(kind="cut-over", step="copying", caller="ops", process="p1"), **more)
    [stored] = await links.create([given])
    assert stored is not None
    assert abs(stored.created - stored.updated) < 1
    assert stored.created > 1_700_000_000
    assert stored == msgspec.structs.replace(given, changed=1, created=stored.created, updated=stored.updated)
    assert await links.find(stored.id) == stored
    assert await links.find_by_side(Side("hr", "s1")) == stored
    assert await links.find_by_side(Side("claims", "t1")) == stored
    assert (await links.find("f" * 32), await links.find_by_side(Side("claims", "s1"))) == (None, None)
    sides = [Side("hr", "s1"), Side("claims", "t1"), Side("hr", "t1")]
    assert await links.find_by_sides(sides) == dict.fromkeys(sides[:2], stored)
    assert await links.find_by_sides([]) == {}


@pytest.mark.parametrize(
    ("second", "stored"),
    [
        (link(2, "hr:s1", "claims:t1"), False),
        (link(2, "hr:s1"), False),
        (link(2, target="claims:t1"), False),
        (link(2, "claims:t1", "hr:s1"), False),
        (link(2, "claims:t1", "third:x"), False),
        (link(2, "third:x", "hr:s1"), False),
        (link(2, "hr:x", "hr:x"), False),
        (link(2, "hr:x", "hr:y"), True),
        (link(2, "hr:t1", "claims:s1"), True),
        (link(2, plan="gone"), False),
    ],
    ids=[
        "the same again", "its source", "its target", "crossed", "a chain behind it", "a chain before it", "itself",
        "one engine, two instances", "the same ids, other engines", "a plan that there is not",
    ],
)  # fmt: skip
async def test_instance_is_in_one_link_at_most(stores, second: Link, stored: bool) -> None:
    links = LinkRecords(stores())
    await links.create([link(1)])
    assert ids(await links.create([second])) == [2 if stored else None]
    assert ids(await links.list_some()) == ([1, 2] if stored else [1])


@pytest.mark.parametrize("source", ["hr:\0", "hr:" + random.Random(1).randbytes(4000).hex()], ids=["NUL", "too long"])
async def test_text_that_one_database_cannot_hold_is_the_callers_fault_or_taken_and_never_a_failure(
    stores, url: str, source: str
) -> None:
    links = LinkRecords(stores())
    if url.startswith("sqlite"):
        assert ids(await links.create([link(1, source)])) == [1]
        return
    with pytest.raises(InvalidRequest):
        _ = await links.create([link(1, source)])
    assert ids(await links.create([link(2)])) == [2]


async def test_refused_link_takes_no_side_from_those_after_it(stores) -> None:
    links = LinkRecords(stores())
    batch = [link(1), link(2, "hr:s1", "claims:t2"), link(3, "hr:s3", "claims:t2"), link(4, "claims:t2"), link(5)]
    assert ids(await links.create(batch)) == [1, None, 3, None, 5]
    assert ids(await links.create(batch)) == [None] * 5
    assert await links.create([]) == []


async def test_two_processes_that_link_the_same_instances_agree_on_one_link_each(stores) -> None:
    ours, theirs = LinkRecords(stores()), LinkRecords(stores())
    for start in range(0, 100, 20):
        numbers = range(start, start + 20)
        first = [link(number, target=f"claims:a{number}") for number in numbers]
        second = [link(1000 + number, f"hr:s{number}") for number in reversed(numbers)]
        made = await asyncio.gather(ours.create(first), theirs.create(second))
        assert [each.count(None) for each in made] in ([0, 20], [20, 0])
    assert len(await ours.list_some(limit=1000)) == 100


async def test_change_of_what_has_changed_meanwhile_is_refused(stores) -> None:
    links = LinkRecords(stores())
    [before] = await links.create([link(1)])
    assert before is not None
    after = await links.replace(msgspec.structs.replace(before, state="copied"))
    assert after is not None
    assert (after.state, after.changed) == ("copied", before.changed + 1)
    assert await links.replace(msgspec.structs.replace(before, state="failed")) is None
    assert not await links.remove(before)
    assert await links.find(before.id) == after


async def test_of_two_processes_that_change_a_link_at_once_one_is_refused(stores) -> None:
    ours, theirs = LinkRecords(stores()), LinkRecords(stores())
    [current] = await ours.create([link(1)])
    for _ in range(20):
        assert current is not None
        made = await asyncio.gather(
            ours.replace(msgspec.structs.replace(current, problem="ours")),
            theirs.replace(msgspec.structs.replace(current, problem="theirs")),
        )
        assert made.count(None) == 1
        current = await ours.find(current.id)
        assert current in made


async def test_removed_link_frees_both_of_its_sides(stores) -> None:
    links = LinkRecords(stores())
    [first] = await links.create([link(1)])
    assert first is not None
    assert await links.remove(first)
    assert not await links.remove(first)
    assert (await links.find(first.id), await links.find_by_side(first.source)) == (None, None)
    assert ids(await links.create([link(2, "claims:t1", "hr:s1")])) == [2]


async def test_links_are_listed_in_pages_by_what_they_are(stores) -> None:
    links = LinkRecords(stores())
    await PlanRecords(links._store).create(plan())
    await links.create([link(n, plan="move" if n % 2 else None, stale="a" if n == 3 else None) for n in range(1, 7)])
    await links.create([link(7, state="copied", business_key="K7")])
    assert ids(await links.list_some(limit=4)) == [1, 2, 3, 4]
    assert ids(await links.list_some(after=f"{4:032x}", limit=4)) == [5, 6, 7]
    assert ids(await links.list_some(LinkFilter(plan="move"))) == [1, 3, 5]
    assert ids(await links.list_some(LinkFilter(plan="move", stale=False))) == [1, 5]
    assert ids(await links.list_some(LinkFilter(stale=True))) == [3]
    assert ids(await links.list_some(LinkFilter(state="copied"))) == [7]
    assert ids(await links.list_some(LinkFilter(business_key="K7", state="linked"))) == []
    assert await links.count() == LinkCounts(states={"linked": 6, "copied": 1}, stale=1)
    assert await links.count("move") == LinkCounts(states={"linked": 3}, stale=1)
    assert await links.count("none") == LinkCounts(states={}, stale=0)


async def test_removals_are_deleted_after_a_day_and_whoever_was_away_since_begins_anew(
    stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = LinkRecords(stores())
    made = [each for each in await links.create([link(number) for number in range(1, 5)]) if each]
    for each in made[:3]:
        assert await links.remove(each)
    gone = [each.id for each in made[:3]]
    assert await links.delete_old() is False
    assert await links.changed_since(1, 10) == ([], gone, 4)
    monkeypatch.setattr("gateway.store.links._DAY_S", -1.0)
    monkeypatch.setattr("gateway.store.links._DELETED_AT_ONCE", 2)
    assert await links.delete_old() is True
    assert await links.changed_since(2, 10) == ([], [], FORGOTTEN)
    assert await links.changed_since(2, 10, 0) == ([], [gone[2]], 4)
    assert await links.changed_since(0, 10) == ([made[3]], [gone[2]], 4)
    assert await links.changed_since(3, 10) == ([], [gone[2]], 4)
    assert await links.delete_old() is False
    assert await links.changed_since(3, 10) == ([], [], FORGOTTEN)
    assert await links.changed_since(4, 10) == ([], [], 4)
    assert (await links.create([link(9)])) != [None]
    assert ids((await links.changed_since(4, 10))[0]) == [9]


class Follower:
    """Another process that holds all links in memory."""

    def __init__(self, links: LinkRecords, limit: int) -> None:
        self.links, self.limit = links, limit
        self.known: dict[str, Link] = {}
        self.number = 0

    async def follow(self) -> None:
        while True:
            changed, removed, self.number = await self.links.changed_since(self.number, self.limit)
            for each in removed:
                self.known.pop(each, None)
            self.known |= {each.id: each for each in changed}
            if len(changed) < self.limit:
                return


@pytest.mark.parametrize("limit", [1, 3, 1000], ids=["one at a time", "a few at a time", "all at once"])
async def test_process_that_follows_changes_misses_none_while_two_others_make_them(stores, limit: int) -> None:
    follower = Follower(LinkRecords(stores()), limit)

    async def work(links: LinkRecords, first: int) -> None:
        for start in range(first, first + 30, 5):
            made = [each for each in await links.create([link(start + n) for n in range(5)]) if each]
            for each in made[1:]:
                await links.replace(msgspec.structs.replace(each, state="copied"))
            assert await links.remove(made[0])

    async def watch(workers: asyncio.Future[Any]) -> None:
        while not workers.done():
            await follower.follow()

    workers = asyncio.gather(work(LinkRecords(stores()), 100), work(LinkRecords(stores()), 200))
    await watch(workers)
    await workers
    await follower.follow()
    there = await follower.links.list_some(limit=1000)
    assert len(there) == 48
    assert follower.known == {each.id: each for each in there}
    assert follower.number == await follower.links.last_change() == 72


async def test_plan_is_stored_with_versions_and_one_of_two_changes_at_once_is_refused(stores) -> None:
    ours, theirs = PlanRecords(stores()), PlanRecords(stores())
    selector, twins = Selector(definition="invoice"), TwinRule(by="marker", variable="origin")
    given = plan(selector=selector, twins=twins, policy={"*": "fail"}, caller="ops")
    assert await ours.create(given)
    assert not await theirs.create(given)
    stored = await theirs.find("move")
    assert stored is not None
    assert stored == msgspec.structs.replace(given, created=stored.created, updated=stored.updated)
    changed = [msgspec.structs.replace(stored, stage=stage) for stage in ("dual", "live")]
    assert sorted(await asyncio.gather(ours.replace(changed[0]), theirs.replace(changed[1]))) == [False, True]
    after = await ours.find("move")
    assert after is not None
    assert (after.version, after.stage in {"dual", "live"}, after.created) == (2, True, stored.created)
    assert await ours.create(plan("another"))
    assert [each.name for each in await ours.list_all()] == ["another", "move"]
    assert await ours.find("none") is None


async def test_plan_that_another_one_stands_against_is_not_stored(stores) -> None:
    ours, theirs = PlanRecords(stores()), PlanRecords(stores())

    def check(others: Sequence[BridgePlan]) -> None:
        if others:
            raise BridgeTransitionRefused(f"{others[0].name} is there.")

    both = ours.create(plan("there"), check), theirs.create(plan("back", "claims", "hr"), check)
    made = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each) for each in made if each is not True) == [BridgeTransitionRefused]
    [stored] = await ours.list_all()
    assert await ours.create(plan("third"))
    with pytest.raises(BridgeTransitionRefused):
        await ours.replace(stored, check)
    assert (await ours.find(stored.name)) == stored


async def test_plan_that_has_links_is_not_removed(stores) -> None:
    plans, links = PlanRecords(stores()), LinkRecords(stores())
    await plans.create(plan())
    [made] = await links.create([link(1, plan="move")])
    assert made is not None
    assert not await plans.remove("move")
    assert await links.remove(made)
    assert await plans.remove("move")
    assert not await plans.remove("move")
    assert ids(await links.create([link(2, plan="move")])) == [None]


async def test_plan_is_not_removed_from_under_a_link_that_is_being_made(stores) -> None:
    plans, links = PlanRecords(stores()), LinkRecords(stores())
    for number in range(20):
        await plans.create(plan(f"p{number}"))
        removed, [made] = await asyncio.gather(
            plans.remove(f"p{number}"), links.create([link(number, plan=f"p{number}")])
        )
        assert removed is (made is None)

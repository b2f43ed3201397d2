"""Walks over instances that come and go: what is there all the time comes just once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gateway.errors import CursorExpired, EngineUnavailable
from gateway.model.commands import FindInstances
from gateway.model.results import Instance, InstancesFound
from gateway.operations import Gateway, WriteLocks, finding
from gateway.plan import Call
from gateway.port import Capabilities, Credentials, Engine
from gateway.routing import Routing

CALL = Call(deadline=0.0, request_id="r")


class Shelf(Engine):
    """An engine that is a sorted set of ids."""

    vendor = "shelf"
    features = frozenset({"instances.find.definition"})

    def __init__(self, name: str, ids: set[str]) -> None:
        super().__init__(name, None, Credentials())
        self.ids = ids
        self.down = False
        self.reads: list[int] = []

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=self.features, types=frozenset())

    def find_instances(self, command: FindInstances) -> Any:
        """Return the result itself: the runner here hands on what it is given."""
        if self.down:
            raise EngineUnavailable
        self.reads.append(command.limit)
        found = sorted(self.ids)[command.offset : command.offset + command.limit]
        return InstancesFound(tuple(Instance(id=each) for each in found))


def gateway(*shelves: Shelf) -> Gateway:
    async def run(engine: str, plan: Any, call: Call) -> Any:
        return plan

    return Gateway({each.name: each for each in shelves}, run, WriteLocks(), Routing())


async def walked(over: Gateway, limit: int, between: Any = lambda: None) -> list[str]:
    positions, found = None, []
    while True:
        page = await finding.find_page(
            over, sorted(over.engines), FindInstances(definition="d", limit=limit), positions, CALL
        )
        assert len(page.instances) <= limit
        found += [f"{engine}:{each.id}" for engine, each in page.instances]
        positions = page.positions
        if positions is None:
            return found
        between()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_hold_everything_once_in_order(limit: int) -> None:
    one, two, empty = Shelf("a", {f"{n:03}" for n in range(10)}), Shelf("b", {"x", "y"}), Shelf("c", set())
    assert await walked(gateway(one, empty, two), limit) == [f"a:{n:03}" for n in range(10)] + ["b:x", "b:y"]


@pytest.mark.parametrize("seed", range(40))
async def test_instance_that_stays_comes_just_once_whatever_comes_and_goes(seed: int) -> None:
    chance = random.Random(seed)
    staying = {f"{chance.randrange(10**6):06}s" for _ in range(60)}
    shelves = [Shelf(name, set(staying) | {f"{chance.randrange(10**6):06}t" for _ in range(40)}) for name in "ab"]

    def stir() -> None:
        for shelf in shelves:
            for _ in range(chance.randrange(6)):
                shelf.ids.add(f"{chance.randrange(10**6):06}t")
            gone = sorted(shelf.ids - staying)
            shelf.ids -= set(chance.sample(gone, min(len(gone), chance.randrange(4))))

    try:
        found = await walked(gateway(*shelves), chance.choice([3, 5, 20]), stir)
    except CursorExpired:
        pytest.fail("three of six last ones cannot all have gone")
    kept = [each for each in found if each.endswith("s")]
    assert sorted(kept) == sorted(f"{name}:{each}" for name in "ab" for each in staying)


async def test_walk_whose_last_instances_are_all_gone_says_so() -> None:
    shelf = Shelf("a", {f"{n:03}" for n in range(20)})

    def lose() -> None:
        shelf.ids -= {f"{n:03}" for n in range(10)}

    with pytest.raises(CursorExpired):
        _ = await walked(gateway(shelf), 5, lose)


async def test_engine_that_is_down_and_one_that_cannot_leave_the_others() -> None:
    down, fine, unable = Shelf("a", {"1"}), Shelf("b", {"2"}), Shelf("c", {"3"})
    down.down, unable.features = True, frozenset()
    page = await finding.find_page(gateway(down, fine, unable), "abc", FindInstances(definition="d"), None, CALL)
    assert [(engine, each.id) for engine, each in page.instances] == [("b", "2")]
    assert [(share.engine, share.error and share.error.code) for share in page.shares] == [
        ("a", "engine-unavailable"),
        ("b", None),
        ("c", "capability-unsupported"),
    ]
    assert unable.reads == []
    assert page.positions is None

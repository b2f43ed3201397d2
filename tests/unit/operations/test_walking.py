"""Rows and instances by number: over several engines and pages, and never more than a bound."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import EngineUnavailable, PayloadTooLarge, Unsupported
from gateway.model.commands import FindInstances
from gateway.model.query import Filter, QueryVariables, Row, Sort, VariablesFound
from gateway.model.results import Instance, InstancesFound, Variable
from gateway.model.values import NULL, Value
from gateway.operations import Gateway, WriteLocks, finding
from gateway.operations.paging import MAX_WALKED, PageRequest, walk_rows
from gateway.plan import Call
from gateway.port import Capabilities, Credentials, Engine
from gateway.routing import Routing

CALL = Call(deadline=float("inf"), request_id="walk")
ALL = 2**31 - 1
FEATURES = frozenset({"query", "query.instanceIdIn", "instances.find.ids"})


class Numbers(Engine):
    """An engine whose rows and instances are numbers."""

    vendor = "numbers"

    def __init__(self, name: str, count: int, features: frozenset[str] = FEATURES) -> None:
        super().__init__(name, None, Credentials())
        self.count, self.features, self.down, self.reads = count, features, False, 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=self.features, types=frozenset())

    def _numbers(self, command: QueryVariables | FindInstances) -> range:
        if self.down:
            raise EngineUnavailable
        self.reads += 1
        return range(self.count)[command.offset : command.offset + command.limit]

    def query_variables(self, command: QueryVariables) -> Any:
        """Return the result itself: the runner here hands on what it is given."""
        value = Value(type="null", value=NULL)
        rows = [Row(id=str(each), variable=Variable(name=f"{each:06}", value=value)) for each in self._numbers(command)]
        return VariablesFound(rows=tuple(rows), more=len(rows) == command.limit)

    def find_instances(self, command: FindInstances) -> Any:
        return InstancesFound(tuple(Instance(id=f"{each:06}") for each in self._numbers(command)))


def gateway(*engines: Numbers) -> Gateway:
    async def run(engine: str, plan: Any, call: Call) -> Any:
        return plan

    return Gateway({each.name: each for each in engines}, run, WriteLocks(), Routing())


async def row_ids(over: Gateway, first: int, most: int, **more: Any) -> list[str]:
    wanted = PageRequest(**{"filter": Filter(), "engines": tuple(over.engines)} | more)
    return [f"{engine}:{row.id}" for engine, row in await walk_rows(over, wanted, first, most, CALL)]


async def instance_ids(over: Gateway, first: int, most: int, **more: Any) -> list[str]:
    command = FindInstances(offset=first, limit=most, **more)
    walked = await finding.walk_instances(over, tuple(over.engines), command, CALL)
    return [f"{engine}:{int(each.id)}" for engine, each in walked]


@pytest.mark.parametrize("walk", [row_ids, instance_ids])
@pytest.mark.parametrize(
    ("first", "most"), [(0, 1), (0, 2500), (1490, 20), (1500, 900), (1499, ALL), (2500, 5), (10**9, 5), (0, ALL)]
)
async def test_numbers_count_over_all_engines(walk: Any, first: int, most: int) -> None:
    over = gateway(Numbers("a", 1500), Numbers("b", 1000))
    whole = [f"a:{each}" for each in range(1500)] + [f"b:{each}" for each in range(1000)]
    assert await walk(over, first, most) == whole[first : first + most]


@pytest.mark.parametrize("walk", [row_ids, instance_ids])
async def test_walk_ends_at_its_bound_rather_than_with_a_part(walk: Any) -> None:
    exact, more = gateway(Numbers("a", MAX_WALKED)), gateway(Numbers("a", MAX_WALKED + 1))
    assert len(await walk(exact, 0, ALL)) == MAX_WALKED
    assert len(await walk(more, 0, MAX_WALKED)) == MAX_WALKED
    for first, most in ((0, ALL), (MAX_WALKED, 1), (0, MAX_WALKED + 1)):
        with pytest.raises(PayloadTooLarge):
            await walk(more, first, most)


async def test_walk_for_a_caller_that_sees_few_rows_goes_on_to_the_end_or_is_refused() -> None:
    def visible(row: Row) -> bool:
        return row.variable.name == "009999"

    assert await row_ids(gateway(Numbers("a", 10_000)), 0, 5, visible=visible) == ["a:9999"]
    with pytest.raises(PayloadTooLarge):
        await row_ids(gateway(Numbers("a", 10**7)), 1, 5, visible=visible)


@pytest.mark.parametrize("walk", [row_ids, instance_ids])
async def test_engine_that_fails_fails_the_walk(walk: Any) -> None:
    down = Numbers("b", 5)
    down.down = True
    with pytest.raises(EngineUnavailable):
        await walk(gateway(Numbers("a", 5), down), 0, 3)


async def test_engine_that_cannot_evaluate_is_refused_before_any_is_asked_unless_no_id_is_its_own() -> None:
    fine, unable = Numbers("a", 5), Numbers("b", 5, frozenset({"query"}))
    over = gateway(fine, unable)
    with pytest.raises(Unsupported, match="instanceIdIn"):
        await row_ids(over, 0, 3, filter=Filter(instance_id_in=("a:1", "b:1")))
    with pytest.raises(Unsupported, match="by tenant"):
        await row_ids(over, 0, 3, sorting=(Sort(key="tenant"),))
    with pytest.raises(Unsupported, match="among some ids"):
        await instance_ids(over, 0, 3, ids=("a:1", "b:1"))
    assert fine.reads == 0
    assert await row_ids(over, 0, 1, filter=Filter(instance_id_in=("a:1",))) == ["a:0"]
    assert await instance_ids(over, 0, 1, ids=("a:1",)) == ["a:0"]
    assert unable.reads == 0

"""Walks through pages while rows come and go: a row that is there all the time and stays as it is comes exactly once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from gateway.errors import CursorExpired
from gateway.model.query import Filter, QueryVariables, Row, Sort, VariablesCounted, VariablesFound
from gateway.model.results import Scope, Variable
from gateway.model.values import NULL, Value
from gateway.operations import Gateway, WriteLocks
from gateway.operations.paging import PageRequest, read_page
from gateway.plan import Call, Plan
from gateway.port import Capabilities, Credentials, Engine, EngineLimits
from gateway.routing import Routing
from gateway.wire import drive

CALL = Call(deadline=float("inf"), request_id="walk")
NAMES = [f"v{number}" for number in range(40)] + [f"V{number}" for number in range(10)]
SORTINGS = [(), (Sort(key="name"),), (Sort(key="type", descending=True), Sort(key="name")), (Sort(key="scope"),)]


class Shuffling(Engine):
    """An engine whose order is no better than its keys, whatever their case: what is alike changes positions each time."""

    vendor = "made_up"

    def __init__(self, draw: random.Random, most: int) -> None:
        super().__init__("shuffling", None, Credentials())
        self.rows: dict[str, Row] = {}
        self._draw, self._most = draw, most

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=frozenset({"query"}), types=frozenset(), limits=EngineLimits(rows=self._most))

    def query_variables(self, command: QueryVariables) -> Plan[VariablesFound]:
        assert command.limit <= self._most
        rows = sorted(self.rows.values(), key=lambda row: row.id)
        if command.sorting:
            self._draw.shuffle(rows)
        others = (Sort(key="name"), Sort(key="scope"), Sort(key="type")) if command.sorting else ()
        for sort in (*command.sorting, *others)[::-1]:
            rows.sort(key=lambda row, key=sort.key: self._key(row, key), reverse=sort.descending)
        page = tuple(rows[command.offset : command.offset + command.limit])
        return VariablesFound(rows=page, more=len(page) == command.limit)
        yield  # type: ignore[unreachable] - it is a plan all the same

    def _key(self, row: Row, key: str) -> str:
        return {"name": row.variable.name.casefold(), "type": row.variable.value.type or "", "scope": ""}[key]

    def count_variables(self, command: Any) -> Plan[VariablesCounted]:
        return VariablesCounted(len(self.rows))
        yield


class World:
    """Both vendors' fakes and an engine made up, with variables that come and go."""

    def __init__(self, draw: random.Random, most: int) -> None:
        self.draw = draw
        settings = camunda7.VENDOR.settings(page_size=most)
        self.shuffling = Shuffling(draw, most)
        self.engines: dict[str, Engine] = {
            "camunda": camunda7.VENDOR.engine("camunda", settings, Credentials()),
            "ibm": ibm_bpm.VENDOR.engine("ibm", ibm_bpm.VENDOR.settings(), Credentials()),
            "shuffling": self.shuffling,
        }
        self.fakes = {"camunda": camunda7.VENDOR.fake(), "ibm": ibm_bpm.VENDOR.fake()}
        self.gateway = Gateway(self.engines, self.run, WriteLocks(), Routing())
        self.instances = [self.fakes["camunda"].start("x", {}) for _ in range(4)]
        for _ in range(12):
            self.fakes["ibm"].start("x", dict.fromkeys(NAMES[:6]))

    async def run(self, engine: str, plan: Any, call: Any) -> Any:
        async def send(request: Any) -> Any:
            return self.fakes[engine].answer(request)

        return await drive(plan, send)

    def put(self) -> None:
        """Put a variable somewhere."""
        match self.draw.choice(["camunda", "ibm", "shuffling"]):
            case "camunda":
                variables = self.fakes["camunda"].instances[self.draw.choice(self.instances)].variables
                name = self.draw.choice(NAMES)
                if name not in variables:
                    store(variables, name, self.draw)
            case "ibm":
                variables = self.draw.choice(list(self.fakes["ibm"].instances.values())).variables
                variables.setdefault(self.draw.choice(NAMES[:6]), "text")
            case _:
                name, kind = self.draw.choice(["a", "A", "b"]), self.draw.choice(["string", "boolean"])
                row = Row(
                    id=str(self.draw.random()),
                    instance="1",
                    variable=Variable(name=name, value=Value(type=kind, value=NULL), scope=Scope(kind="task", id="t")),
                )
                self.shuffling.rows[row.id] = row

    def take(self) -> None:
        """Take a variable away."""
        holders: list[dict[Any, Any]] = [each.variables for each in self.fakes["camunda"].instances.values()]
        holders += [each.variables for each in self.fakes["ibm"].instances.values()]
        held = self.draw.choice([*holders, self.shuffling.rows])
        if held:
            del held[self.draw.choice(list(held))]

    def present(self) -> set[tuple[str, str]]:
        """Which variables there are."""
        found = {
            ("camunda", each.id) for one in self.fakes["camunda"].instances.values() for each in one.variables.values()
        }
        found |= {("ibm", f"{one.id}:{name}") for one in self.fakes["ibm"].instances.values() for name in one.variables}
        return found | {("shuffling", each) for each in self.shuffling.rows}


def store(variables: dict[str, Any], name: str, draw: random.Random) -> None:
    from adapters.camunda7.fake.places import Stored  # noqa: PLC0415

    variables[name] = Stored(id=f"{draw.random()}", name=name, type="String", value="x", info={})


async def walked(world: World, asked: PageRequest, between: Callable[[], None]) -> list[tuple[str, str]]:
    positions = None
    found: list[tuple[str, str]] = []
    for _ in range(2000):
        page = await read_page(world.gateway, asked, positions, CALL)
        assert [share.error for share in page.shares] == [None, None, None]
        assert len(page.rows) <= asked.limit
        found += [(engine, row.id) for engine, row in page.rows]
        positions = page.positions
        if positions is None:
            return found
        between()
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("sorting", SORTINGS, ids=lambda sorting: "+".join(each.key for each in sorting) or "unsorted")
@pytest.mark.parametrize("seed", range(12))
async def test_row_that_stays_comes_exactly_once_while_others_come_and_go(seed: int, sorting: tuple[Sort, ...]) -> None:
    draw = random.Random(seed)
    world = World(draw, most=draw.choice([60, 1000]))
    for _ in range(draw.randrange(20, 160)):
        world.put()
    stays = world.present()

    def between() -> None:
        for _ in range(draw.randrange(6)):
            draw.choice([world.put, world.take])()
        stays.intersection_update(world.present())

    asked = PageRequest(filter=Filter(), engines=tuple(world.engines), sorting=sorting, limit=draw.choice([1, 3, 10]))
    try:
        found = await walked(world, asked, between)
    except CursorExpired:  # all rows remembered went at once: the walk says so, and the next one is undisturbed
        stays = world.present()
        found = await walked(world, asked, lambda: None)
    assert {row: found.count(row) for row in stays} == dict.fromkeys(stays, 1)


async def test_walk_whose_remembered_rows_all_go_says_that_the_cursor_has_expired() -> None:
    world = World(random.Random(1), most=10)
    variables = world.fakes["camunda"].instances[world.instances[0]].variables
    for number in range(20):
        store(variables, NAMES[number], random.Random(number))
    asked = PageRequest(filter=Filter(), engines=("camunda",), limit=5)
    page = await read_page(world.gateway, asked, None, CALL)
    gone = {row.id for _, row in page.rows}
    for name in [name for name, each in variables.items() if each.id in gone]:
        del variables[name]
    with pytest.raises(CursorExpired):
        await read_page(world.gateway, asked, page.positions, CALL)
    variables.clear()
    page = await read_page(world.gateway, asked, page.positions, CALL)
    assert (page.rows, page.positions) == ((), None)


@pytest.mark.parametrize("before", [True, False], ids=["inserted before", "deleted before"])
async def test_remembered_row_is_found_where_hundreds_of_rows_before_it_came_or_went(before: bool) -> None:
    world = World(random.Random(1), most=10)
    shuffling = world.shuffling

    def put(number: int) -> None:
        row = Row(id=f"{number:06}", variable=Variable(name="v", value=Value(type="string", value=NULL)))
        shuffling.rows[row.id] = row

    for number in range(0 if before else 500, 1000):
        put(number)
    if before:
        for number in range(120):
            del shuffling.rows[f"{number:06}"]
    asked = PageRequest(filter=Filter(), engines=("shuffling",), limit=200)
    first = await read_page(world.gateway, asked, None, CALL)
    last = int(first.rows[-1][1].id)
    for number in range(60):
        if before:
            put(number)
        else:
            del shuffling.rows[f"{500 + number:06}"]
    second = await read_page(world.gateway, asked, first.positions, CALL)
    assert int(second.rows[0][1].id) == last + 1

"""Ids of executions inside an instance, given as instances: their writes take the lock of the instance and cost it nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web.conftest import Site

MERGE = {"Content_Type": "application/merge-patch+json"}


class Nested(Site):
    """An instance with an execution inside; a gate before its writes."""

    def __init__(self) -> None:
        super().__init__()
        document = {"type": "Json", "value": '{"a": 0, "b": {"c": 1.10}}'}
        self.root = self.fakes["hr"].start("parallelScope", {"doc": document, "big": {"type": "Long", "value": 1}})
        places = self.fakes["hr"].instances[self.root].places.values()
        self.inner = next(each.id for each in places if each.kind == "execution")

    async def change(self, native: str, body: Any, **headers: str) -> int:
        status, found, _ = await self.ask("PATCH", "instances", f"hr:{native}", "variables", body=body, **headers)
        assert status in {200, 204, 409}, found
        return int(status)

    def paths(self) -> list[tuple[str, ...]]:
        sent, self.sent[:] = [request.path for request in self.sent], []
        return sent


@pytest.fixture
async def nested(started: Any) -> Nested:
    return await started(Nested())


async def test_ordinary_id_costs_what_it_did(nested: Nested) -> None:
    typed = {"modifications": {"n": {"type": "integer", "value": 1}}}
    write = ("process-instance", nested.root, "variables")
    query = ("variable-instance",)
    for body, more, wanted in (
        (typed, {}, [write]),
        ({"modifications": {"big": {"value": 2}}}, {}, [query, write]),
        ({"modifications": {"new": {"value": 2}}}, {}, [query, write]),
        ({"doc": {"a": 1}}, MERGE, [query, write]),
        (typed, {"If_Match": "*"}, [write]),
    ):
        await nested.change(nested.root, body, **more)
        assert nested.paths() == wanted
    tag = (await nested.ask("GET", "instances", f"hr:{nested.root}", "variables", "big"))[2]["ETag"]
    nested.paths()
    where = ("instances", f"hr:{nested.root}", "variables", "big")
    assert (await nested.ask("PUT", *where, body={"type": "integer", "value": 1}, If_Match=tag))[0] == 204
    assert nested.paths() == [query, write]


async def test_partial_change_by_an_execution_keeps_what_the_instance_holds_and_shows_it(nested: Nested) -> None:
    where = ("instances", f"hr:{nested.inner}", "variables", "doc")
    status, found, headers = await nested.ask("PATCH", *where, body={"b": {"d": 2}}, **MERGE)
    assert (status, found["value"]) == (200, {"a": 0, "b": {"c": 1.10, "d": 2}})
    assert headers["ETag"] == (await nested.ask("GET", *where))[2]["ETag"]
    assert (await nested.ask("PATCH", *where, body={"a": 1}, **MERGE, If_Match=headers["ETag"]))[0] == 200
    assert (await nested.ask("PATCH", *where, body={"a": 2}, **MERGE, If_Match=headers["ETag"]))[0] == 412
    assert (await nested.ask("PUT", *where, body={"value": {}}, If_None_Match="*"))[0] == 412
    assert await nested.change(nested.inner, {"modifications": {"big": {"value": 5}}}) == 204
    own = await nested.ask("GET", "instances", f"hr:{nested.root}", "variables", "big")
    assert (own[1]["format"], own[1]["value"]) == ("int64", 5)


async def test_first_look_finds_the_instance_and_later_ones_know_it(nested: Nested) -> None:
    query, write = ("variable-instance",), ("process-instance", nested.inner, "variables")
    confirm = [("process-instance", nested.inner), ("execution", nested.inner)]
    await nested.change(nested.inner, {"doc": {"a": 1}}, **MERGE)
    assert nested.paths() == [query, *confirm, query, write, write]
    await nested.change(nested.inner, {"doc": {"a": 2}}, **MERGE)
    assert nested.paths() == [query, write, write]


@pytest.mark.parametrize("known_by", ["partial change", "list", "description"])
async def test_writes_by_execution_and_by_instance_take_turns(nested: Nested, known_by: str) -> None:
    variables = ("instances", f"hr:{nested.inner}", "variables")
    if known_by == "list":
        assert (await nested.ask("GET", *variables))[0] == 200
    elif known_by == "description":
        assert (await nested.ask("GET", *variables[:2]))[0] == 200
    writers = [nested.inner, nested.root]
    await asyncio.gather(
        *(count(nested, writers[number % 2], f"n{number}", typed=known_by != "partial change") for number in range(8))
    )
    found = (await nested.ask("GET", "instances", f"hr:{nested.root}", "variables", "doc"))[1]["value"]
    assert {name: value for name, value in found.items() if name.startswith("n")} == {f"n{n}": 9 for n in range(8)}
    assert len(nested.gateway.locks) == 0


async def count(site: Nested, native: str, field: str, *, typed: bool) -> None:
    """Count a field of one document up; in between, writes that read nothing go the same way."""
    for number in range(10):
        await site.change(native, {"doc": {field: number}}, **MERGE)
        if typed:
            await site.change(native, {"modifications": {field: {"type": "integer", "value": number}}})


class Held:
    """The write locks that were taken, in order."""

    def __init__(self, site: Site) -> None:
        self.keys: list[tuple[str, str]] = []
        self._hold = site.gateway.locks.hold
        site.gateway.locks.hold = self._held  # type: ignore[method-assign]

    async def _held(self, key: tuple[str, str], call: Any, work: Any) -> Any:
        self.keys.append(key)
        return await self._hold(key, call, work)


async def test_content_written_on_a_condition_by_an_execution_goes_under_the_lock_of_its_instance(
    nested: Nested,
) -> None:
    held = Held(nested)
    where = ("instances", f"hr:{nested.inner}", "variables", "scan", "data")
    status, found, _ = await nested.ask("PUT", *where, body=b"\x00", Content_Type="image/png", If_None_Match="*")
    assert (status, found) == (204, None)
    assert held.keys == [("hr", nested.inner), ("hr", nested.root)]
    assert len(nested.writes) == 1


@pytest.mark.parametrize(
    ("value", "condition"),
    [({"value": 5}, {}), ({"type": "integer", "value": 5}, {"If_Match": '"x"'})],
    ids=["stored type", "condition"],
)
async def test_modification_by_an_execution_that_reads_first_goes_under_the_lock_of_its_instance(
    nested: Nested, value: dict[str, Any], condition: dict[str, str]
) -> None:
    held = Held(nested)
    steps = [{"type": "startBeforeActivity", "activityId": "review", "variables": {"big": value}}]
    where = ("instances", f"hr:{nested.inner}", "modification")
    await nested.ask("POST", *where, body={"instructions": steps}, **condition)
    assert held.keys == [("hr", nested.inner), ("hr", nested.root)]
    assert len(nested.writes) == (0 if condition else 1)


async def test_message_to_an_execution_that_is_known_goes_under_the_lock_of_its_instance(nested: Nested) -> None:
    assert (await nested.ask("GET", "instances", f"hr:{nested.inner}"))[0] == 200
    held = Held(nested)
    await nested.ask("POST", "messages", body={"name": "m", "instance": f"hr:{nested.inner}"})
    assert held.keys == [("hr", nested.root)]

"""The whole gateway, over sockets, in front of the real engine: what must hold for people who run it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from gateway import app, config
from gateway.plan import encode_path

ODD_NAMES = [
    ".",
    "..",
    "a/b",
    "a;b",
    "%2F",
    "%",
    "+",
    "a b",
    "ä",
    "😀",
    '"',
    "'",
    "\\",
    "\t",
    "\x01",
    "?",
    "#",
    "&a=b",
    "*",
]
STAYING = {"type": "string", "value": "untouched"}


def without_tags(found: dict) -> dict:
    """Tags have tests of their own; here it is the values that matter."""
    shown = {key: value for key, value in found.items() if key != "etag"}
    if "variables" in shown:
        shown["variables"] = [without_tags(each) for each in shown["variables"]]
    return shown


class Caller:
    """Speaks to the gateway with targets that nothing tidies."""

    def __init__(self, base: str, session: aiohttp.ClientSession, instance: str) -> None:
        self.base, self.session, self.instance = base, session, instance

    async def ask(self, method: str, *names: str, body: object = None, suffix: str = "", **headers: str):
        target = self.base + encode_path(("v1", "instances", f"hr:{self.instance}", *names)) + suffix
        data = None if body is None else json.dumps(body).encode()
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        async with self.session.request(method, URL(target, encoded=True), data=data, headers=headers) as answer:
            text = await answer.read()
            return answer.status, without_tags(json.loads(text)) if text else None

    async def variables(self) -> dict[str, dict[str, object]]:
        status, found = await self.ask("GET", "variables")
        assert status == 200, found
        return {each["name"]: each for each in found["variables"]}


@pytest.fixture
async def caller(live_camunda: str, live_instance: str) -> AsyncIterator[Caller]:
    tree = {
        "server": {"port": 0, "admin_port": 0},
        "auth": {"open": True},
        "store": {"url": "sqlite:///:memory:"},
        "engines": {"hr": {"vendor": "camunda7", "url": live_camunda}},
    }
    running = app.Application(config.parse(tree, app.VENDORS))
    await running.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Caller(f"http://127.0.0.1:{running.ports[0]}", session, live_instance)
    finally:
        await running.stop()


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_odd_name_set_read_and_deleted_touches_only_itself(caller: Caller, name: str) -> None:
    assert (await caller.ask("PUT", "variables", "staying", body=STAYING))[0] == 204
    assert (await caller.ask("PUT", "variables", name, body={"value": 5}))[0] == 204
    status, found = await caller.ask("GET", "variables", name)
    assert (status, found) == (200, {"name": name, "type": "integer", "format": "int32", "value": 5})
    assert set(await caller.variables()) == {"staying", name}
    assert (await caller.ask("DELETE", "variables", name))[0] == 204
    status, found = await caller.ask("GET", "variables", name)
    assert (status, found["code"]) == (404, "variable-not-found")
    assert (await caller.ask("GET"))[0] == 200
    assert await caller.variables() == {"staying": {"name": "staying", **STAYING}}


async def test_dot_dot_deleted_that_is_not_there_leaves_the_instance_alive(caller: Caller) -> None:
    assert (await caller.ask("DELETE", "variables", ".."))[0] == 204
    assert (await caller.ask("GET"))[0] == 200


async def test_sixty_parallel_puts_of_one_variable_all_succeed(caller: Caller) -> None:
    gate = asyncio.Semaphore(16)

    async def put(number: int) -> int:
        async with gate:
            return (await caller.ask("PUT", "variables", "counter", body={"type": "integer", "value": number}))[0]

    assert await asyncio.gather(*(put(number) for number in range(60))) == [204] * 60


async def test_patch_of_ten_thousand_names_applied_in_one_go(caller: Caller) -> None:
    modifications = {f"v{number}": {"type": "integer", "value": number} for number in range(10_000)}
    status, problem = await caller.ask("PATCH", "variables", body={"modifications": modifications})
    assert (status, problem) == (204, None)
    found = await caller.variables()
    assert {name: each["value"] for name, each in found.items()} == {f"v{n}": n for n in range(10_000)}


async def test_name_in_both_lists_ends_deleted(caller: Caller) -> None:
    body = {"modifications": {"x": {"value": 1}, "y": {"value": 2}}, "deletions": ["x", "never-there"]}
    assert (await caller.ask("PATCH", "variables", body=body))[0] == 204
    assert set(await caller.variables()) == {"y"}


REFUSED = [
    ({"type": "string", "value": "x" * 4001}, 422, "value-too-long"),
    ({"type": "string", "value": "😀" * 2001}, 422, "value-too-long"),
    ({"type": "integer", "format": "int64", "value": 1 << 63}, 422, "value-invalid"),
    ({"type": "integer", "format": "int32", "value": 1 << 31}, 422, "value-invalid"),
    ({"value": 10**400}, 422, "value-not-representable"),
    ({"type": "date-time", "value": "2026-02-30T00:00:00Z"}, 422, "value-invalid"),
    ({"type": "date-time", "value": "2026-01-01"}, 422, "value-invalid"),
    ({"type": "boolean", "value": "NaN"}, 422, "value-invalid"),
    ({"type": "nonsense", "value": 1}, 400, "invalid-request"),
    ({"type": "string", "value": "x", "colour": 1}, 400, "invalid-request"),
]


@pytest.mark.parametrize(("value", "status", "code"), REFUSED)
async def test_value_that_is_refused_changes_nothing(caller: Caller, value: object, status: int, code: str) -> None:
    body = {"modifications": {"good": {"value": 1}, "bad": value}}
    answer = await caller.ask("PATCH", "variables", body=body)
    assert (answer[0], answer[1]["code"], answer[1]["outcome"]) == (status, code, "not_applied")
    assert answer[1]["errors"][0]["pointer"].startswith("/modifications/bad")
    assert await caller.variables() == {}


TAKEN = [
    {"type": "null", "value": None},
    {"type": "boolean", "value": True},
    {"type": "integer", "format": "int16", "value": -32768},
    {"type": "integer", "format": "int32", "value": 2147483647},
    {"type": "integer", "format": "int64", "value": -9223372036854775808},
    {"type": "number", "format": "double", "value": 1.5},
    {"type": "number", "format": "double", "value": "NaN"},
    {"type": "string", "value": "x" * 4000},
    {"type": "string", "value": "ä😀\n\"'\\"},
    {"type": "date-time", "value": "2026-03-01T09:30:00.123Z"},
    {"type": "json", "value": {"b": [1, 2.50, {"c": None}], "a": "ü"}},
    {
        "type": "object",
        "value": {"a": 1},
        "className": "java.util.LinkedHashMap",
        "serialization": "application/json",
    },
    {"type": "xml", "value": "<a>1</a>"},
    {"type": "bytes", "value": "AAEC"},
    {"type": "file", "value": "AAEC", "filename": "ä b.txt", "mediaType": "text/plain", "encoding": "UTF-8"},
]


@pytest.mark.parametrize("value", TAKEN, ids=lambda value: f"{value['type']}-{value.get('format')}")
async def test_value_of_each_type_reads_back_as_it_was_written(caller: Caller, value: dict[str, object]) -> None:
    answer = await caller.ask("PUT", "variables", "v", body=value)
    assert answer == (204, None)
    assert await caller.ask("GET", "variables", "v") == (200, {"name": "v", **value})


async def test_missing_instance_is_told_as_such(caller: Caller) -> None:
    caller.instance = "not-there"
    for method, names, body in (
        ("GET", ("variables",), None),
        ("GET", ("variables", "x"), None),
        ("PUT", ("variables", "x"), {"value": 1}),
        ("DELETE", ("variables", "x"), None),
        ("PATCH", ("variables",), {"deletions": ["x"]}),
        ("GET", (), None),
    ):
        status, problem = await caller.ask(method, *names, body=body)
        assert (status, problem["code"], problem["outcome"]) == (404, "instance-not-found", "not_applied"), method


async def test_untyped_number_keeps_the_stored_long(caller: Caller) -> None:
    long = {"type": "integer", "format": "int64", "value": 5}
    assert (await caller.ask("PUT", "variables", "v", body=long))[0] == 204
    assert (await caller.ask("PUT", "variables", "v", body={"value": 6}))[0] == 204
    assert (await caller.variables())["v"] == {"name": "v", **long, "value": 6}


async def test_merge_patch_changes_one_field_and_keeps_the_rest(caller: Caller) -> None:
    value = {"type": "json", "value": {"keep": 1.10, "drop": 1, "deep": {"x": 1, "y": 2}}}
    assert (await caller.ask("PUT", "variables", "v", body=value))[0] == 204
    merge = {"v": {"drop": None, "deep": {"y": 3}}, "other": "text"}
    answer = await caller.ask("PATCH", "variables", body=merge, Content_Type="application/merge-patch+json")
    assert answer == (204, None)
    found = await caller.variables()
    assert found["v"]["value"] == {"keep": 1.1, "deep": {"x": 1, "y": 3}}
    assert found["other"] == {"name": "other", "type": "string", "value": "text"}

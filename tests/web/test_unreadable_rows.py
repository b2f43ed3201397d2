"""Queries over both vendors where one value cannot be read: it is a row with an ``error``, and every other row is there.

The fakes store no such values, so the texts of their answers are changed on the way.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from gateway.model.bulk import BulkOperation
from gateway.operations.bulk import select_instances
from gateway.plan import Call, VendorRequest, VendorResponse
from tests.web.conftest import Site

MARKER = "to be spoilt"
CAMUNDA = re.compile(rb'"type":\s*"String",\s*"value":\s*"to be spoilt"(,\s*"valueInfo":\s*\{\})?')
IBM = re.compile(rb'"to be spoilt"')
SPOILT: dict[str, tuple[str, bytes]] = {
    "Json, broken": ("hr", rb'"type":"Json","value":"{bad"'),
    "Json, half a surrogate pair": ("hr", rb'"type":"Json","value":"\"\ud800\""'),
    "String, half a surrogate pair": ("hr", rb'"type":"String","value":"a\ud800"'),
    "String, no UTF-8": ("hr", b'"type":"String","value":"a\xff"'),
    "Object, class name with no UTF-8": (
        "hr", b'"type":"Object","value":"x","valueInfo":{"objectTypeName":"\xff"}',
    ),
    "Date, not in the pattern": ("hr", rb'"type":"Date","value":"25.01.2016"'),
    "Date, a number": ("hr", rb'"type":"Date","value":1453725222165'),
    "object, a key twice": ("claims", rb'{"a":1,"a":2}'),
    "text, half a surrogate pair": ("claims", rb'"a\ud800"'),
    "object, half a surrogate pair": ("claims", rb'{"a":["\ud800"]}'),
    "object, a key with half a surrogate pair": ("claims", rb'{"\ud800":1}'),
    "text, no UTF-8": ("claims", b'"a\xff"'),
}  # fmt: skip


@pytest.fixture(params=SPOILT.values(), ids=list(SPOILT))
async def spoilt(request: pytest.FixtureRequest, started: Any) -> tuple[Site, str]:
    """An instance with the variables ``good`` and ``bad``; of the second, the engine's answers hold something else."""
    name, text = request.param
    site = Site()
    fake = site.fakes[name]
    values: dict[str, Any] = {"good": 1, "bad": MARKER}
    if name == "hr":
        values = {"good": {"type": "Integer", "value": 1}, "bad": {"type": "String", "value": MARKER}}
    instance = f"{name}:{fake.start('more', values)}"
    answer, pattern = fake.answer, CAMUNDA if name == "hr" else IBM

    def spoil(asked: VendorRequest) -> VendorResponse:
        given = answer(asked)
        if not isinstance(given.body, bytes):
            return given
        return msgspec.structs.replace(given, body=pattern.sub(lambda _: text, given.body))

    fake.answer = spoil
    return await started(site), instance


async def walk(site: Site, **body: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        status, page, _ = await site.ask("POST", "variables", "query", body={**body, "cursor": cursor})
        assert status == 200, page
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            return rows


def check_both(rows: list[dict[str, Any]]) -> None:
    """Make sure that the one row has an error, and the other its value."""
    by_name = {row["name"]: row for row in rows if row["name"] in {"good", "bad"}}
    assert (by_name["good"]["value"], "error" in by_name["good"]) == (1, False)
    assert (by_name["bad"].get("value"), bool(by_name["bad"].get("error"))) == (None, True)


async def test_list_has_both(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    status, found, _ = await site.ask("GET", "instances", instance, "variables")
    assert (status, len(found["variables"])) == (200, 2)
    check_both(found["variables"])


async def test_query_of_the_instance_has_both(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    rows = await walk(site, instanceIdIn=[instance])
    assert len(rows) == 2
    check_both(rows)


@pytest.mark.parametrize("limit", [3, 1000], ids=["pages of three", "one page"])
@pytest.mark.parametrize("key", ["name", "type", "scope"])
async def test_sorted_walk_over_both_engines_has_every_row_once(spoilt: tuple[Site, str], key: str, limit: int) -> None:
    site, instance = spoilt
    everything = {(row["engine"], row["id"]) for row in await walk(site)}
    rows = await walk(site, sorting=[{"sortBy": key}], limit=limit)
    assert len(rows) == len(everything)
    assert {(row["engine"], row["id"]) for row in rows} == everything
    check_both([row for row in rows if row["instance"] == instance])


async def test_count_counts_both(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    status, found, _ = await site.ask("POST", "variables", "query", "count", body={"instanceIdIn": [instance]})
    assert (status, found["count"]) == (200, 2)


async def test_condition_on_another_variable_finds_that_one(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    conditions = [{"name": "good", "operator": "eq", "value": 1}]
    rows = await walk(site, instanceIdIn=[instance], variableValues=conditions)
    assert [row["name"] for row in rows] == ["good"]


@pytest.mark.parametrize(
    "condition",
    [
        {"operator": "eq", "value": MARKER + "!"},
        {"operator": "lt", "type": "date-time", "value": "2020-01-01T00:00:00Z"},
        {"operator": "gt", "value": 1},
        {"operator": "eq", "value": None},
        {"operator": "like", "value": "%!"},
    ],
    ids=["text", "date", "number", "null", "pattern"],
)
async def test_condition_on_the_unreadable_one_is_no_error(spoilt: tuple[Site, str], condition: dict[str, Any]) -> None:
    site, instance = spoilt
    rows = await walk(site, instanceIdIn=[instance], variableValues=[{"name": "bad", **condition}])
    assert rows == []


async def test_found_instance_shows_both(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    status, found, _ = await site.ask("GET", "instances", query="include=variables")
    assert status == 200
    shown = {each["instance"]: each["variables"] for each in found["items"]}
    assert {site.hr, site.claims} <= set(shown)
    check_both(shown[instance])


async def test_bulk_operation_selects_the_instance(spoilt: tuple[Site, str]) -> None:
    site, instance = spoilt
    operation = BulkOperation(
        id="1", caller="x", state="selecting", engines=b'["claims","hr"]', filter=b'{"variableName":"bad"}'
    )
    found = [
        each async for each in select_instances(site.gateway, operation, lambda: Call(deadline=1e9, request_id="1"))
    ]
    assert found == [[instance]]


async def test_patch_of_the_other_is_carried_out_and_sends_nothing_of_the_unreadable_one(
    spoilt: tuple[Site, str],
) -> None:
    site, instance = spoilt
    body = {"modifications": {"good": {"value": 2}}}
    status, problem, _ = await site.ask("PATCH", "instances", instance, "variables", body=body)
    assert (status, problem) == (204, None)
    assert all(b"bad" not in request.body for request in site.writes)


STRUCTURED = {label: SPOILT[label] for label in SPOILT if label.lower().startswith(("json", "object"))}


@pytest.mark.parametrize("spoilt", STRUCTURED.values(), ids=list(STRUCTURED), indirect=True)
async def test_change_in_parts_of_the_unreadable_one_is_refused_unsent(spoilt: tuple[Site, str]) -> None:
    """A text is replaced as a whole by an object, whatever it was; what may have members could lose some."""
    site, instance = spoilt
    status, _, _ = await site.ask(
        "PATCH", "instances", instance, "variables", body={"bad": {"x": {"y": 1}}},
        Content_Type="application/merge-patch+json",
    )  # fmt: skip
    assert (status >= 400, site.writes) == (True, [])

"""One value that cannot be read never spoils anything else: it has an ``error``, and the rest is there."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import camunda7
from gateway.port import Credentials
from tests.web.conftest import Site

NO_JSON = "The stored text is not JSON."
NO_DATE = "The stored date does not fit the engine's `date_format`, or means no single moment in its `date_zone`."
INFO = {"objectTypeName": "A", "serializationDataFormat": "application/json"}
STORED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "broken Json": ({"type": "Json", "value": "{bad"}, {"type": "json", "error": NO_JSON}),
    "empty Json": ({"type": "Json", "value": ""}, {"type": "json", "error": NO_JSON}),
    "broken Object": (
        {"type": "Object", "value": "[1", "valueInfo": INFO},
        {"type": "object", "className": "A", "serialization": "application/json", "error": NO_JSON},
    ),
    "date in another pattern": (
        {"type": "Date", "value": "2016-01-25T13:33:42.165+0100"},
        {"type": "date-time", "error": NO_DATE},
    ),
}
READS = {
    "list": ("GET", ("variables",), ""),
    "list of names": ("GET", ("variables",), "names=bad,good"),
    "list of all scopes": ("GET", ("variables",), "scope=all"),
}


@pytest.fixture(params=STORED.values(), ids=list(STORED))
async def spoilt(request: pytest.FixtureRequest, started) -> tuple[Site, str, dict[str, Any]]:
    """An instance with one value that cannot be read, and how it is shown."""
    stored, told = request.param
    site = Site()
    # what the fake writes is another pattern than this one
    settings = camunda7.VENDOR.settings(date_format="dd.MM.yyyy HH:mm:ss Z")
    site.engines["hr"] = camunda7.VENDOR.engine("hr", settings, Credentials())
    native = site.fakes["hr"].start("userTask", {"good": {"type": "Integer", "value": 1}, "bad": stored})
    return await started(site), f"hr:{native}", {"name": "bad", **told}


GOOD = {"name": "good", "type": "integer", "format": "int32", "value": 1}


def untagged(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: {key: each for key, each in row.items() if key != "etag"} for row in rows}


@pytest.mark.parametrize(("method", "path", "query"), READS.values(), ids=READS)
async def test_list_shows_an_error_on_the_one_and_the_rest(spoilt, method: str, path: Any, query: str) -> None:
    site, instance, told = spoilt
    status, found, _ = await site.ask(method, "instances", instance, *path, query=query)
    assert (status, untagged(found["variables"])) == (200, {"bad": told, "good": GOOD})
    tags = {row["name"]: row["etag"] for row in found["variables"]}
    assert tags["bad"].startswith("W/")


async def test_single_read_shows_the_error_with_a_weak_tag(spoilt) -> None:
    site, instance, told = spoilt
    status, found, headers = await site.ask("GET", "instances", instance, "variables", "bad")
    assert (status, found) == (200, told)
    assert headers["ETag"].startswith("W/")


async def test_query_shows_an_error_on_the_one_and_the_rest(spoilt) -> None:
    site, instance, told = spoilt
    body = {"instanceIdIn": [instance], "engines": ["hr"]}
    status, found, _ = await site.ask("POST", "variables", "query", body=body)
    rows = {row["name"]: row for row in found["items"]}
    assert (status, set(rows)) == (200, {"bad", "good"})
    assert {key: rows["bad"][key] for key in ("type", "error")} == {key: told[key] for key in ("type", "error")}
    assert "value" not in rows["bad"]
    assert rows["good"]["value"] == 1


async def test_search_with_variables_shows_both(spoilt) -> None:
    site, instance, told = spoilt
    status, found, _ = await site.ask("GET", "instances", query="definition=userTask&engines=hr&include=variables")
    (shown,) = [each for each in found["items"] if each["instance"] == instance]
    assert (status, untagged(shown["variables"])) == (200, {"bad": told, "good": GOOD})


async def test_ended_instance_shows_both(spoilt) -> None:
    site, instance, told = spoilt
    site.fakes["hr"].end(instance.removeprefix("hr:"))
    status, found, _ = await site.ask("GET", "instances", instance, "variables", query="state=any")
    assert (status, untagged(found["variables"])) == (200, {"bad": told, "good": GOOD})


async def test_write_of_others_is_carried_out_and_shows_both(spoilt) -> None:
    site, instance, told = spoilt
    body = {"modifications": {"good": {"value": 2}}}
    status, found, _ = await site.ask(
        "PATCH", "instances", instance, "variables", body=body, Prefer="return=representation"
    )
    wanted = {"good": GOOD | {"value": 2}}
    shown = untagged(found["variables"])
    assert (status, {name: each for name, each in shown.items() if name != "bad"}) == (200, wanted)
    assert shown.get("bad", told) == told
    items = {"items": [{"instance": instance, "modifications": {"good": {"value": 3}}}]}
    status, found, _ = await site.ask("POST", "variables", "batch", body=items)
    assert (status, [each["status"] for each in found["items"]]) == (207, [204])


async def test_change_in_parts_is_refused_for_the_one_and_done_for_others(spoilt) -> None:
    site, instance, told = spoilt
    path, patch = ("instances", instance, "variables", "bad"), [{"op": "add", "path": "/a", "value": 1}]
    site.sent.clear()
    status, problem, _ = await site.ask("PATCH", *path, body=patch, Content_Type="application/json-patch+json")
    assert (status, problem["code"], site.writes) == (422, "value-invalid", [])
    merge = {"good": {"a": 1}}
    kind = "application/merge-patch+json"
    assert (await site.ask("PATCH", *path[:3], body=merge, Content_Type=kind))[0] == 204
    if told["type"] != "date-time":
        status, problem, _ = await site.ask("PATCH", *path[:3], body={"bad": {"a": 1}}, Content_Type=kind)
        assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "value-invalid", "/bad")


async def test_whole_value_mends_it(spoilt) -> None:
    site, instance, told = spoilt
    path = ("instances", instance, "variables", "bad")
    assert (await site.ask("PUT", *path, body={"type": "json", "value": {"a": 1}}))[0] == 204
    assert (await site.ask("GET", *path))[1] == {"name": "bad", "type": "json", "value": {"a": 1}}


async def test_what_was_answered_without_a_value_says_so_when_it_is_sent_back(spoilt) -> None:
    site, instance, told = spoilt
    site.sent.clear()
    status, problem, _ = await site.ask("PUT", "instances", instance, "variables", "bad", body=told)
    assert (status, problem["code"], problem["detail"], site.writes) == (
        400, "invalid-request", "`value` is missing.", [],
    )  # fmt: skip

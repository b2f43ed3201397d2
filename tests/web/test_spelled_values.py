"""Values in a vendor's spelling, and stored ones that cannot be read, at all three doors and on either vendor's engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conformance.subjects import NAMES
from tests.web.across import Across, across
from tests.web.spellings import camunda_meaning, clean, parsed, v1_meaning

IBM_KEEPS = {"binary": "envelope", "types": {NAMES["date-time"]: "date-time"}}
MOMENT = NAMES["date-time"]


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(engines={"claims": IBM_KEEPS}) as made:
        made.hr = made.fakes["hr"].start("userTask", {})
        made.claims = made.fakes["claims"].start("userTask", dict.fromkeys(("x", "good", MOMENT)))
        yield made


async def put(site: Across, door: str, owner: str, name: str, body: Any) -> Any:
    """Set one variable at a door."""
    instance = f"{owner}:{getattr(site, owner)}"
    if door == "ibm":
        return await site.ibm("PUT", f"/process/{instance}/variables", {name: body})
    ask, kind = (site.v1, "instances") if door == "v1" else (site.camunda, "process-instance")
    return await ask("PUT", f"/{kind}/{instance}/variables/{name}", body)


async def shown(site: Across, owner: str, name: str) -> list[Any]:
    """What a variable is at the doors: `/v1`, Camunda's, IBM's."""
    instance = f"{owner}:{getattr(site, owner)}"
    v1 = await site.v1("GET", f"/instances/{instance}/variables/{name}")
    camunda = await site.camunda("GET", f"/process-instance/{instance}/variables/{name}?deserializeValue=false")
    ibm = parsed((await site.ibm("GET", f"/process/{instance}?parts=data")).body)["data"]["variables"]
    return [v1_meaning(parsed(v1.body)), camunda_meaning(parsed(camunda.body)), clean(ibm[name])]


TEXT = {"type": "Json", "value": '{"a":1}', "valueInfo": {}}
JSON_AT = {"v1": TEXT, "camunda": TEXT, "ibm": {"a": 1}}
CUT_AT = {
    "v1": {"type": "Json", "value": '{"a'},
    "camunda": {"type": "Json", "value": '{"a'},
    "ibm": {"selected": [0], "items": [1], "@metadata": {}},
}


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("door", JSON_AT)
async def test_json_in_a_vendors_spelling_is_the_object_at_every_door(site: Across, door: str, owner: str) -> None:
    assert (await put(site, door, owner, "x", JSON_AT[door])).status in {200, 204}
    (v1_kind, v1), (camunda_kind, camunda), ibm = await shown(site, owner, "x")
    assert (v1_kind, camunda_kind) == ("json", "json")
    assert v1 == camunda == ibm == parsed(b'{"a":1}')


@pytest.mark.parametrize(
    ("door", "owner", "status"),
    [("v1", "hr", 422), ("v1", "claims", 422), ("camunda", "claims", 400), ("ibm", "hr", 400)],
)
async def test_text_that_is_no_json_is_refused_before_any_write(
    site: Across, door: str, owner: str, status: int
) -> None:
    answer = await put(site, door, owner, "x", CUT_AT[door])
    assert (answer.status, [each for _, each in site.heard if each.writes or each.method != "GET"]) == (status, [])
    assert "x" in answer.body.decode()


DATE = "2016-01-25T13:33:42.000+0100"
DATE_AT = {
    "v1": {"type": "Date", "value": DATE},
    "camunda": {"type": "Date", "value": DATE},
    "ibm": "2016-01-25T12:33:42Z",
}


@pytest.mark.parametrize(
    ("door", "owner"),
    [(door, owner) for door in DATE_AT for owner in ("hr", "claims") if (door, owner) != ("ibm", "hr")],
)
async def test_date_in_a_vendors_spelling_is_the_moment_at_every_door(site: Across, door: str, owner: str) -> None:
    assert (await put(site, door, owner, MOMENT, DATE_AT[door])).status in {200, 204}
    (v1_kind, v1), (camunda_kind, camunda), ibm = await shown(site, owner, MOMENT)
    assert (v1_kind, camunda_kind, v1) == ("date-time", "date-time", camunda)
    assert (v1.isoformat(), ibm) == ("2016-01-25T12:33:42+00:00", "2016-01-25T12:33:42Z")


async def test_date_in_ibms_language_keeps_the_type_that_camunda_has_stored(site: Across) -> None:
    assert (await put(site, "camunda", "hr", MOMENT, {"type": "Date", "value": DATE})).status == 204
    assert (await put(site, "ibm", "hr", MOMENT, "2017-02-01T00:00:00Z")).status == 200
    assert (await shown(site, "hr", MOMENT))[1][1].isoformat() == "2017-02-01T00:00:00+00:00"
    assert (await put(site, "ibm", "hr", MOMENT, "2017-02-01T00:00:00.165+01:00")).status == 200
    assert (await shown(site, "hr", MOMENT))[0][1].isoformat() == "2017-01-31T23:00:00.165000+00:00"


BROKEN: dict[str, tuple[str, Any]] = {
    "Json that breaks off": ("hr", {"type": "Json", "value": "{bad"}),
    "Object that breaks off": (
        "hr",
        {
            "type": "Object",
            "value": "[1",
            "valueInfo": {"objectTypeName": "A", "serializationDataFormat": "application/json"},
        },
    ),
    "value that is too deep": ("claims", "[" * 901 + "]" * 901),
}


@pytest.mark.parametrize(("owner", "stored"), BROKEN.values(), ids=list(BROKEN))
async def test_value_that_cannot_be_read_spoils_no_list_at_any_door(site: Across, owner: str, stored: Any) -> None:
    await store(site, owner, stored)
    instance = f"{owner}:{getattr(site, owner)}"
    v1 = {each["name"]: each for each in (await site.v1("GET", f"/instances/{instance}/variables")).json["variables"]}
    assert ("error" in v1["x"], "value" in v1["x"], v1["good"]["value"]) == (True, False, 7)
    listed = await site.ibm("GET", f"/process/{instance}?parts=data")
    assert listed.status == 200
    if owner == "hr":
        assert (listed.json["data"]["variables"]) == {"good": 7}
        return
    camunda = (await site.camunda("GET", f"/process-instance/{instance}/variables")).json
    assert (camunda["good"], camunda["x"]["value"], camunda["x"]["valueInfo"]) == (
        {"type": "Integer", "value": 7, "valueInfo": {}}, None, {"error": v1["x"]["error"]},
    )  # fmt: skip
    back = await site.camunda("PUT", f"/process-instance/{instance}/variables/x", camunda["x"])
    assert (back.status, "x" in back.json["message"]) == (400, True)


async def store(site: Across, owner: str, stored: Any) -> None:
    """Put a value that no door would take into an engine, beside a good one."""
    if owner == "hr":
        good = {"type": "Integer", "value": 7}
        site.hr = site.fakes["hr"].start("userTask", {"good": good, "x": stored})
        return
    variables = site.fakes["claims"].instances[site.claims].variables
    variables |= {"good": parsed("7"), "x": nested(stored)}


def nested(text: str) -> Any:
    """Return lists in lists, as many as a text begins with brackets."""
    node: Any = []
    for _ in range(text.count("[") - 1):
        node = [node]
    return node


FILE = {"type": "File", "value": "AAEC", "valueInfo": {"filename": "a.bin", "mimeType": "application/x-thing"}}


@pytest.mark.parametrize("body", [FILE, {"type": "Bytes", "value": "AAEC"}], ids=["file", "bytes"])
async def test_list_of_camundas_that_is_sent_back_empties_no_blob(site: Across, body: dict[str, Any]) -> None:
    path = f"/process-instance/claims:{site.claims}/variables"
    assert (await site.camunda("PUT", f"{path}/x", body)).status == 204
    before = json.dumps(site.fakes["claims"].instances[site.claims].variables["x"])
    listed = (await site.camunda("GET", path)).json
    assert listed["x"]["value"] is None
    answer = await site.camunda("POST", path, {"modifications": {"x": listed["x"]}})
    assert (answer.status, "x" in answer.json["message"]) == (400, True)
    assert json.dumps(site.fakes["claims"].instances[site.claims].variables["x"]) == before

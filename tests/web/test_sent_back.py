"""What was answered is accepted back, wherever typed values are; what belongs elsewhere is refused with its pointer."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from adapters import camunda7, ibm_bpm
from gateway.model.values import Value
from gateway.plan import encode_path
from gateway.port import Credentials
from gateway.web.v1.shapes import QueryItem, VariableShape
from gateway.web.v1.typed_values import READ_ONLY
from tests.conformance.subjects import NAMES
from tests.conformance.values import EXAMPLES, kept_name, shown
from tests.web.conftest import Site

CASES = [(kind, value) for kind, values in EXAMPLES.items() for value in values]
UNKEPT = {"hr": {"number/decimal"}, "claims": {"number/double", "integer/int64", "xml", "object"}}
"""Kinds of which an engine may refuse an example."""


@pytest.fixture
async def pair(started) -> Site:
    """Both vendors, set to keep as much as they can."""
    site = Site()
    hints = {NAMES["number/double"]: "number", NAMES["number/decimal"]: "number", NAMES["date-time"]: "date-time"}
    settings = ibm_bpm.VENDOR.settings(binary="envelope", int64="string", types=hints)
    site.engines["claims"] = ibm_bpm.VENDOR.engine("claims", settings, Credentials())
    lenient = camunda7.VENDOR.settings(decimals="double")
    site.engines["hr"] = camunda7.VENDOR.engine("hr", lenient, Credentials())
    names = ("v", *NAMES.values())
    site.hr = f"hr:{site.fakes['hr'].start('userTask', {})}"
    site.claims = f"claims:{site.fakes['claims'].start('userTask', dict.fromkeys(names))}"
    return await started(site)


async def exact(site: Site, method: str, instance: str, name: str, body: bytes | None = None) -> tuple[int, bytes, str]:
    """Status, body as it came, and tag: digits count here."""
    url = URL(
        f"http://127.0.0.1:{site.port}{encode_path(('v1', 'instances', instance, 'variables', name))}", encoded=True
    )
    headers = {} if body is None else {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers.get("ETag", "")


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize(("kind", "value"), CASES, ids=[f"{kind}-{shown(value)}" for kind, value in CASES])
async def test_what_get_answered_is_put_and_the_value_stays(pair: Site, owner: str, kind: str, value: Value) -> None:
    instance, name = getattr(pair, owner), kept_name(value, NAMES)
    status, told, _ = await exact(pair, "PUT", instance, name, msgspec.json.encode(value))
    if kind in UNKEPT[owner] and status == 422:
        return
    assert (status, told) == (204, b"")
    status, found, tag = await exact(pair, "GET", instance, name)
    assert (status, json.loads(found)["name"]) == (200, name)
    assert (await exact(pair, "PUT", instance, name, found))[0] == 204
    assert await exact(pair, "GET", instance, name) == (200, found, tag)


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_list_is_accepted_back_in_one_patch(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    _, before, _ = await site.ask("GET", "instances", instance, "variables")
    sent = {row["name"]: row for row in before["variables"] if "value" in row and row["type"] != "opaque"}
    assert len(sent) > 3
    status, problem, _ = await site.ask("PATCH", "instances", instance, "variables", body={"modifications": sent})
    assert (status, problem) == (204, None)
    assert (await site.ask("GET", "instances", instance, "variables"))[1] == before


ROW = {"name": "note", "type": "string", "value": "x", "etag": '"t"', "size": 1, "error": "no", "redacted": False}


def bodies(site: Site, name: str, value: Any) -> dict[str, tuple[tuple[str, ...], dict[str, Any], str]]:
    """Every place of a typed value: request, body, pointer of the value."""
    values = {name: value}
    task = next(place.id for place in site.fakes["hr"].instances[site.hr[3:]].places.values() if place.kind == "task")
    start = {"type": "startBeforeActivity", "activityId": "approveTask", "variables": values}
    return {
        "PUT": (("PUT", "instances", site.hr, "variables", name), value, ""),
        "patch": (("PATCH", "instances", site.hr, "variables"), {"modifications": values}, f"/modifications/{name}"),
        "batch": (
            ("POST", "variables", "batch"),
            {"items": [{"instance": site.hr, "modifications": values}]},
            f"/items/0/modifications/{name}",
        ),
        "start": (
            ("POST", "instances"),
            {"definition": "userTask", "engine": "hr", "variables": values},
            f"/variables/{name}",
        ),
        "completion": (("POST", "tasks", f"hr:{task}", "complete"), {"variables": values}, f"/variables/{name}"),
        "message": (
            ("POST", "messages"),
            {"name": "Paid", "instance": site.hr, "variables": values},
            f"/variables/{name}",
        ),
        "correlation keys": (
            ("POST", "messages"),
            {"name": "Paid", "instance": site.hr, "correlationKeys": values},
            f"/correlationKeys/{name}",
        ),
        "modification": (
            ("POST", "instances", site.hr, "modification"),
            {"instructions": [start]},
            f"/instructions/0/variables/{name}",
        ),
    }


PLACES = ("PUT", "patch", "batch", "start", "completion", "message", "correlation keys", "modification")


@pytest.mark.parametrize("place", PLACES)
async def test_read_only_members_are_ignored_wherever_a_typed_value_is(site: Site, place: str) -> None:
    (method, *path), plain, _ = bodies(site, "note", {"type": "string", "value": "x"})[place]
    expected = await site.ask(method, *path, body=plain, query="dryRun=true")
    (method, *path), body, _ = bodies(site, "note", ROW)[place]
    found = await site.ask(method, *path, body=body, query="dryRun=true")
    assert (found[0], found[1]) == (expected[0], expected[1])
    assert found[0] in {200, 207}, found[1]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("member", "content"),
    [("name", "other"), ("name", 5), ("scope", {"kind": "task", "id": "7"}), ("scope", "instance")],
    ids=["another name", "no name", "another scope", "no scope"],
)
async def test_member_that_says_elsewhere_is_refused_with_its_pointer(
    site: Site, place: str, member: str, content: Any
) -> None:
    (method, *path), body, pointer = bodies(site, "note", ROW | {member: content})[place]
    status, problem, _ = await site.ask(method, *path, body=body)
    assert (status, problem["code"]) == (400, "invalid-request")
    assert [each["pointer"] for each in problem["errors"]] == [f"{pointer}/{member}"]
    assert site.sent == []


async def test_row_of_an_inner_scope_goes_back_there_and_nowhere_else(site: Site) -> None:
    fake = site.fakes["hr"]
    instance = fake.start("parallelScope", {})
    task = next(place.id for place in fake.instances[instance].places.values() if place.kind == "task")
    path, query = ("instances", f"hr:{instance}", "variables"), f"scope=task:{task}"
    assert (await site.ask("PUT", *path, "own", body={"value": 1}, query=query))[0] == 204
    _, found, _ = await site.ask("GET", *path, query="scope=all&names=own")
    (row,) = found["variables"]
    assert row["scope"]["kind"] == "task"
    site.sent.clear()
    status, problem, _ = await site.ask("PUT", *path, "own", body=row)
    assert (status, problem["errors"][0]["pointer"], site.sent) == (400, "/scope", [])
    assert (await site.ask("PUT", *path, "own", body=row, query=query))[0] == 204
    body = {"modifications": {"own": row}}
    assert (await site.ask("PATCH", *path, body=body, query=query))[0] == 204
    assert (await site.ask("PATCH", *path, body=body))[0] == 400


async def test_row_of_a_query_goes_back_to_its_instance_and_to_no_other(site: Site) -> None:
    _, found, _ = await site.ask("POST", "variables", "query", body={"variableName": "note", "engines": ["hr"]})
    row = found["items"][0]
    path = ("instances", row["instance"], "variables", "note")
    assert (await site.ask("PUT", *path, body=row))[0] == 204
    assert (await site.ask("PUT", "instances", row["instance"][3:], *path[2:], body=row, query="engine=hr"))[0] == 204
    site.sent.clear()
    status, problem, _ = await site.ask("PUT", "instances", "hr:other", *path[2:], body=row)
    assert (status, problem["errors"][0]["pointer"], site.sent) == (400, "/instance", [])


@pytest.mark.parametrize("rest", [("note",), ()], ids=["PUT", "PATCH"])
async def test_row_of_another_engine_is_refused_beside_a_bare_id(site: Site, rest: tuple[str, ...]) -> None:
    row = {"name": "note", "instance": f"claims:{site.hr[3:]}", "value": "x"}
    method, body = ("PUT", row) if rest else ("PATCH", {"modifications": {"note": row}})
    path = ("instances", site.hr[3:], "variables", *rest)
    status, problem, _ = await site.ask(method, *path, body=body, query="engine=hr")
    pointer = "/instance" if rest else "/modifications/note/instance"
    assert (status, [each["pointer"] for each in problem["errors"]], site.sent) == (400, [pointer], [])


async def test_every_member_that_is_answered_is_known_and_documented(site: Site) -> None:
    answered = {*VariableShape.__struct_encode_fields__, *QueryItem.__struct_encode_fields__}
    assert answered - READ_ONLY == set(Value.__struct_encode_fields__)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{site.port}/openapi.json") as answer,
    ):
        schemas = (await answer.json())["components"]["schemas"]
    for schema in ("Value", "StartValue"):
        assert answered | {"valueInfo"} <= set(schemas[schema]["properties"])


INFO = {"objectTypeName": "A", "serializationDataFormat": "application/json"}
SPELLED = {
    "Json": ({"type": "Json", "value": '{"a": 1}'}, {"type": "json", "value": {"a": 1}}),
    "Object": (
        {"type": "Object", "value": '{"a": 1}', "valueInfo": INFO},
        {"type": "object", "value": {"a": 1}, "className": "A", "serialization": "application/json"},
    ),
    "Date": (
        {"type": "Date", "value": "2016-01-25T13:33:42.165+0100"},
        {"type": "date-time", "value": "2016-01-25T12:33:42.165Z"},
    ),
    "File": (
        {"type": "File", "value": "AAEC", "valueInfo": {"filename": "a.bin", "mimeType": "text/plain"}},
        {"type": "file", "value": "AAEC", "filename": "a.bin", "mediaType": "text/plain"},
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("vendors", "ours"), SPELLED.values(), ids=SPELLED)
async def test_vendors_spelling_is_read_wherever_a_typed_value_is(
    site: Site, place: str, vendors: dict[str, Any], ours: dict[str, Any]
) -> None:
    (method, *path), body, _ = bodies(site, "v", ours)[place]
    expected = await site.ask(method, *path, body=body, query="dryRun=true")
    (method, *path), body, _ = bodies(site, "v", vendors)[place]
    found = await site.ask(method, *path, body=body, query="dryRun=true")
    assert (found[0], found[1]) == (expected[0], expected[1])
    assert found[0] in {200, 207}, found[1]


@pytest.mark.parametrize("place", PLACES)
async def test_value_info_beside_our_name_is_refused_with_its_pointer(site: Site, place: str) -> None:
    (method, *path), body, pointer = bodies(site, "v", {"type": "object", "value": {}, "valueInfo": INFO})[place]
    status, problem, _ = await site.ask(method, *path, body=body)
    assert (status, [each["pointer"] for each in problem["errors"]]) == (400, [f"{pointer}/valueInfo"])
    assert site.sent == []


@pytest.mark.parametrize("place", PLACES)
async def test_text_that_is_no_json_is_refused_wherever_it_is_called_json(site: Site, place: str) -> None:
    (method, *path), body, pointer = bodies(site, "v", {"type": "Json", "value": '{"a'})[place]
    status, problem, _ = await site.ask(method, *path, body=body)
    refused = problem["items"][0]["problem"] if place == "batch" else problem
    assert (status, refused["code"]) == (207 if place == "batch" else 422, "value-invalid")
    assert [each["pointer"] for each in refused["errors"]] == [pointer or "/value"]
    assert site.writes == []


async def test_json_as_camunda_writes_it_is_the_json_in_it(site: Site) -> None:
    path = ("instances", site.hr, "variables", "x")
    assert (await site.ask("PUT", *path, body={"type": "Json", "value": '{"a":1}'}))[0] == 204
    assert (await site.ask("GET", *path))[1] == {"name": "x", "type": "json", "value": {"a": 1}}
    site.sent.clear()
    status, problem, _ = await site.ask("PUT", *path, body={"type": "Json", "value": '{"a'})
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "value-invalid", "/value")
    assert site.writes == []


async def test_date_as_camunda_answers_it_is_stored(site: Site) -> None:
    path = ("instances", site.hr, "variables", "x")
    assert (await site.ask("PUT", *path, body={"type": "Date", "value": "2016-01-25T13:33:42.165+0100"}))[0] == 204
    assert (await site.ask("GET", *path))[1]["value"] == "2016-01-25T12:33:42.165Z"

"""Conditional requests and partial change over HTTP, on both vendors."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from adapters.ibm_bpm.fake.convert import ANY
from gateway.access import Access
from tests.web.conftest import Site, entry

MERGE = "application/merge-patch+json"
PATCH = "application/json-patch+json"
OWNERS = pytest.mark.parametrize("owner", ["hr", "claims"])


def path(site: Site, owner: str, *names: str) -> tuple[str, ...]:
    return ("instances", getattr(site, owner), "variables", *names)


async def tag_of(site: Site, *target: str, query: str = "") -> str:
    status, _, headers = await site.ask("GET", *target, query=query)
    assert status == 200
    return headers["ETag"]


@OWNERS
async def test_tag_of_a_read_is_that_of_the_list_and_of_a_written_representation(site: Site, owner: str) -> None:
    note = path(site, owner, "note")
    put = await site.ask("PUT", *note, body={"value": "é"}, Prefer="return=representation")
    _, listed, headers = await site.ask("GET", *path(site, owner), query="names=note")
    assert put[0] == 200
    assert put[2]["ETag"] == listed["variables"][0]["etag"] == await tag_of(site, *note)
    assert headers["ETag"] != put[2]["ETag"]
    patched = await site.ask(
        "PATCH", *path(site, owner), body={"modifications": {"note": {"value": "é"}}}, Prefer="return=representation"
    )
    assert patched[2]["ETag"] == headers["ETag"]
    assert patched[1]["variables"] == listed["variables"]


@OWNERS
async def test_unchanged_read_is_304_and_head_has_the_tag(site: Site, owner: str) -> None:
    for target in (path(site, owner), path(site, owner, "note")):
        tag = await tag_of(site, *target)
        for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            status, found, headers = await site.ask("GET", *target, If_None_Match=header)
            assert (status, found, headers["ETag"]) == (304, None, tag)
        assert (await site.ask("GET", *target, If_None_Match='"x"'))[0] == 200
        status, found, headers = await site.ask("HEAD", *target)
        assert (status, found, headers["ETag"]) == (200, None, tag)
        assert (await site.ask("GET", *target, If_Match='"x"'))[0] == 412
        assert (await site.ask("GET", *target, If_Match=tag))[0] == 200
    assert (await site.ask("GET", *path(site, owner), If_None_Match="x"))[1]["code"] == "invalid-request"


@OWNERS
async def test_write_with_an_old_tag_is_412_and_tells_the_current_one(site: Site, owner: str) -> None:
    note = path(site, owner, "note")
    old = await tag_of(site, *note)
    assert (await site.ask("PUT", *note, body={"value": "new"}, If_Match=old))[0] == 204
    current = await tag_of(site, *note)
    written = len(site.writes)
    for method, body, kind in (
        ("PUT", {"value": "x"}, "application/json"),
        ("DELETE", None, "application/json"),
        ("PATCH", "x", MERGE),
        ("PATCH", [{"op": "replace", "path": "", "value": "x"}], PATCH),
    ):
        status, problem, headers = await site.ask(
            method, *note, body=json.dumps(body).encode() if body else None, If_Match=old, Content_Type=kind
        )
        assert (status, problem["code"], problem["outcome"]) == (412, "precondition-failed", "not_applied")
        assert headers["ETag"] == problem["etag"] == current
    assert (await site.ask("PUT", *note, body={"value": "x"}, If_Match=f"W/{current}"))[0] == 412
    assert (await site.ask("PUT", *note, body={"value": "x"}, If_None_Match="*"))[0] == 412
    assert len(site.writes) == written
    assert (await site.ask("PUT", *note, body={"value": "x"}, If_Match=f'"a", {current}'))[0] == 204
    assert (await site.ask("DELETE", *note, If_Match="*"))[0] == 204


@OWNERS
async def test_set_takes_the_tag_of_all_of_the_selection_and_of_the_names_touched(site: Site, owner: str) -> None:
    target = path(site, owner)
    body = {"modifications": {"note": {"value": "1"}}}
    whole = await tag_of(site, *target)
    other = await tag_of(site, *target, query="names=amount")
    assert (await site.ask("PATCH", *target, body=body, If_Match=whole))[0] == 204
    status, problem, _ = await site.ask("PATCH", *target, body=body, If_Match=whole)
    assert (status, problem["etag"]) == (412, await tag_of(site, *target))
    assert (await site.ask("PATCH", *target, body=body, If_Match=other))[0] == 412
    assert (await site.ask("PATCH", *target, query="names=amount", body=body, If_Match=other))[0] == 204
    touched = await tag_of(site, *target, query="names=note")
    assert (await site.ask("PATCH", *target, body={"note": "2"}, Content_Type=MERGE, If_Match=touched))[0] == 204
    calls = len(site.sent)
    assert (await site.ask("PATCH", *target, body=body, If_Match="*"))[0] == 204
    assert len(site.sent) - calls <= 2


@OWNERS
async def test_value_is_changed_in_part_and_shown(site: Site, owner: str) -> None:
    customer = path(site, owner, "customer")
    before = (await site.ask("GET", *customer))[1]["value"]
    status, found, headers = await site.ask("PATCH", *customer, body={"tier": "gold"}, Content_Type=MERGE)
    assert (status, headers["ETag"]) == (200, await tag_of(site, *customer))
    assert found["value"] == before | {"tier": "gold"}
    patch = [{"op": "test", "path": "/tier", "value": "gold"}, {"op": "remove", "path": "/tier"}]
    status, found, _ = await site.ask("PATCH", *customer, body=patch, Content_Type=PATCH, If_Match=headers["ETag"])
    assert (status, found["value"]) == (200, {key: value for key, value in before.items() if key != "tier"})
    status, problem, _ = await site.ask("PATCH", *customer, body=patch, Content_Type=PATCH)
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (412, "precondition-failed", "/0")
    status, found, headers = await site.ask(
        "PATCH", *customer, body={"tier": "none"}, Content_Type=MERGE, Prefer="return=minimal"
    )
    assert (status, found, headers["Preference-Applied"]) == (204, None, "return=minimal")


async def test_what_ibm_keeps_beside_values_stays_with_what_moves_and_shows_on_demand(site: Site) -> None:
    positions = path(site, "claims", "positions")
    patch = [
        {"op": "move", "from": "/0", "path": "/1"},
        {"op": "copy", "from": "/0", "path": "/-"},
        {"op": "replace", "path": "/1/price", "value": 900},
    ]
    status, found, _ = await site.ask("PATCH", *positions, body=patch, Content_Type=PATCH)
    assert (status, [each["text"] for each in found["value"]]) == (200, ["labour", "windscreen", "labour"])
    written = json.loads(site.writes[-1].body)["positions"]
    assert [each.get("@metadata", {}).get("className") for each in written["items"]] == ["Position", "Position", None]
    assert "@metadata" in written
    status, found, headers = await site.ask("GET", *positions, query="include=metadata")
    assert (status, headers["ETag"][:2]) == (200, "W/")
    assert found["value"]["items"][1]["price"] == 900
    assert found["value"]["items"][1]["@metadata"]["className"] == "Position"


@pytest.mark.parametrize(
    ("kind", "body", "status", "code", "pointer"),
    [
        (PATCH, b"{}", 400, "invalid-request", ""),
        (PATCH, b'[{"op":"add","path":"/a"}]', 400, "invalid-request", "/0"),
        (PATCH, b'[{"op":"add","path":"a","value":1}]', 400, "invalid-request", "/0/path"),
        (PATCH, b'[{"op":"add","path":"/~2","value":1}]', 400, "invalid-request", "/0/path"),
        (PATCH, b'[{"op":"merge","path":""}]', 400, "invalid-request", "/0/op"),
        (PATCH, b'[{"op":"copy","path":""}]', 400, "invalid-request", "/0"),
        (PATCH, b'[{"op":"copy","from":1,"path":""}]', 400, "invalid-request", "/0/from"),
        (PATCH, b"[1]", 400, "invalid-request", "/0"),
        (PATCH, b"[", 400, "invalid-json", None),
        (PATCH, b'[{"op":"test","path":"","path":""}]', 400, "invalid-json", "/0/path"),
        (PATCH, b"[" + b'{"op":"test","path":"","value":1},' * 20 + b"1]", 413, "payload-too-large", None),
        (PATCH, b'[{"op":"test","path":"/name","value":"x"}]', 412, "precondition-failed", "/0"),
        (PATCH, b'[{"op":"add","path":"/name/x","value":1}]', 422, "value-invalid", "/0/path"),
        (MERGE, b'{"a":1,"a":2}', 400, "invalid-json", "/a"),
        (MERGE, b'{"name":"' + b"x" * 700 + b'"}', 413, "payload-too-large", None),
        ("application/json", b"{}", 415, "unsupported-media-type", None),
    ],
)
@OWNERS
async def test_bad_patch_is_told_by_pointer(  # noqa: PLR0913, PLR0917 - a table
    started: Any, owner: str, kind: str, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    site = await started(Site(max_names=20, max_body_bytes=720))
    got, problem, _ = await site.ask("PATCH", *path(site, owner, "customer"), body=body, Content_Type=kind)
    assert (got, problem["code"], site.writes) == (status, code, [])
    assert [each["pointer"] for each in problem.get("errors", [])] == ([] if pointer is None else [pointer])


@OWNERS
async def test_write_without_a_condition_is_428_where_one_is_demanded(site: Site, owner: str) -> None:
    engine = site.engines[owner]
    engine.policy = msgspec.structs.replace(engine.policy, require_if_match=True)
    note, body = path(site, owner, "note"), {"value": "x"}
    for method, target, content in (
        ("PUT", note, body),
        ("DELETE", note, None),
        ("PATCH", path(site, owner), {"modifications": {"note": body}}),
        ("PUT", (*note, "data"), body),
    ):
        status, problem, _ = await site.ask(method, *target, body=content)
        assert (status, problem["code"]) == (428, "precondition-required")
    assert site.writes == []
    assert (await site.ask("PUT", *note, body=body, If_Match="*"))[0] == 204
    if owner == "hr":
        assert (await site.ask("PUT", *path(site, owner, "fresh"), body=body, If_None_Match="*"))[0] == 204


async def test_blob_has_a_weak_tag_unless_the_engine_is_set_to(site: Site) -> None:
    blob, body = path(site, "hr", "blob"), {"type": "bytes", "value": "AAEC"}
    assert (await site.ask("PUT", *blob, body=body))[0] == 204
    weak = await tag_of(site, *blob)
    assert weak.startswith("W/")
    assert (await site.ask("GET", *blob, If_None_Match=weak))[0] == 304
    assert (await site.ask("PUT", *blob, body=body, If_Match=weak))[0] == 412
    engine = site.engines["hr"]
    engine.policy = msgspec.structs.replace(engine.policy, strong_binary=True)
    strong = await tag_of(site, *blob)
    assert weak == f"W/{strong}"
    assert (await site.ask("PUT", *blob, body=body | {"value": "AAED"}, If_Match=strong))[0] == 204
    assert (await site.ask("PUT", *blob, body=body, If_Match=strong))[0] == 412


@OWNERS
async def test_content_goes_up_under_a_condition(site: Site, owner: str) -> None:
    engine = site.engines[owner]
    engine.policy = msgspec.structs.replace(engine.policy, require_if_match=True, strong_binary=True)
    engine.settings = msgspec.structs.replace(engine.settings, **({} if owner == "hr" else {"binary": "envelope"}))
    note = path(site, owner, "note")
    site.fakes["claims"].instances["1355"].shapes["note"] = ANY
    sent = {"body": b"content", "Content_Type": "application/pdf", "Content_Disposition": 'attachment; filename="a"'}
    for condition, status in (({}, 428), ({"If_None_Match": "*"}, 412), ({"If_Match": '"x"'}, 412)):
        assert (await site.ask("PUT", *note, "data", **sent, **condition))[0] == status
    assert site.writes == []
    assert (await site.ask("PUT", *note, "data", **sent, If_Match=await tag_of(site, *note)))[0] == 204
    old = await tag_of(site, *note)
    assert (await site.ask("POST", *note, "data", **sent | {"body": b"new"}, If_Match=old))[0] == 204
    status, problem, headers = await site.ask("PUT", *note, "data", **sent, If_Match=old)
    assert (status, problem["etag"], headers["ETag"]) == (412, *[await tag_of(site, *note)] * 2)


@OWNERS
async def test_token_is_moved_under_a_condition(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    places = (await site.ask("GET", "instances", instance, "activities"))[1]["activities"]
    moved = {"type": "startBeforeActivity", "activityId": places[-1]["activity"]}
    body = {"instructions": [{"type": "cancel", "activityInstanceId": places[-1]["id"]}, moved]}
    more = {"instructions": [body["instructions"][0], moved | {"variables": {"note": {"value": "x"}}}]}
    engine = site.engines[owner]
    engine.policy = msgspec.structs.replace(engine.policy, require_if_match=True)
    target = ("instances", instance, "modification")
    assert (await site.ask("POST", *target, body=more))[1]["code"] == "precondition-required"
    assert (await site.ask("POST", *target, body=body, If_Match='"x"'))[1]["code"] == "precondition-failed"
    touched = await tag_of(site, *path(site, owner), query="names=note")
    assert (await site.ask("POST", *target, body=more, query="dryRun=true", If_Match=touched))[0] == 200
    assert site.writes == []
    assert (await site.ask("POST", *target, body=more, If_Match=touched))[0] == 204
    places = (await site.ask("GET", "instances", instance, "activities"))[1]["activities"]
    body["instructions"][0]["activityInstanceId"] = places[-1]["id"]
    assert (await site.ask("POST", *target, body=body))[0] == 204  # no variable is written, so nothing is demanded


async def test_masked_value_is_in_no_tag_and_in_no_test(started: Any) -> None:
    site = await started(Site(Access((entry(masked=("note",)),))))
    key = {"X_Api_Key": "secret"}
    target, note = path(site, "hr"), path(site, "hr", "note")
    before = await site.ask("GET", *target, **key)
    assert [each["name"] for each in before[1]["variables"] if "etag" not in each] == ["note"]
    assert "ETag" not in (await site.ask("GET", *note, **key))[2]
    assert (await site.ask("PUT", *note, body={"value": "changed"}, **key))[0] == 204
    assert (await site.ask("GET", *target, **key))[2]["ETag"] == before[2]["ETag"]
    status, _, headers = await site.ask("PUT", *note, body={"value": "x"}, If_Match='"guess"', **key)
    assert (status, headers.get("ETag")) == (412, None)
    patch = [{"op": "test", "path": "", "value": "guess"}]
    assert (await site.ask("PATCH", *note, body=patch, Content_Type=PATCH, **key))[0] == 403


@OWNERS
async def test_verified_write_that_somebody_overwrote_is_told(site: Site, owner: str, monkeypatch) -> None:
    engine, fake = site.engines[owner], site.fakes[owner]
    engine.policy = msgspec.structs.replace(engine.policy, verify="after")
    body = {"modifications": {"note": {"value": "mine"}, "amount": {"value": 3}}}
    assert (await site.ask("PATCH", *path(site, owner), body=body))[0] == 204
    plain = fake.answer

    def meddling(request):
        return plain(msgspec.structs.replace(request, body=request.body.replace(b"mine", b"them")))

    monkeypatch.setattr(fake, "answer", meddling)
    status, problem, _ = await site.ask("PATCH", *path(site, owner), body=body)
    assert (status, problem["code"], problem["outcome"]) == (409, "concurrent-update", "partial")
    assert (problem["applied"], [each["pointer"] for each in problem["errors"]]) == (
        ["amount"],
        ["/modifications/note"],
    )
    assert (await site.ask("PATCH", *path(site, owner), query="dryRun=true", body=body))[0] == 200

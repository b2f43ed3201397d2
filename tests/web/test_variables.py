"""``/v1`` over HTTP: what works, on both vendors."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from gateway.access import Access
from gateway.web.v1.routes import ROUTES
from tests.web.conftest import Site, entry

ODD = [".", "..", "a/b", "a;b", "%2F", "%", "+", "a b", '"', "'", "\\", "\t", "\x01", "?", "#", "é", "😀", "n" * 255]


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_patch_is_seen_in_list_and_single_read(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    body = {"modifications": {"amount": {"value": 7.5}, "note": {"value": "x"}}, "deletions": ["obsolete"]}
    status, _, headers = await site.ask("PATCH", "instances", instance, "variables", body=body)
    assert (status, headers["Gateway-Engine"], headers["Cache-Control"]) == (204, owner, "no-store")
    assert headers["Server-Timing"].startswith("gw;dur=")
    status, found, _ = await site.ask("GET", "instances", instance, "variables", query="names=amount,note,absent")
    assert status == 200
    tags = [each.pop("etag") for each in found["variables"]]
    assert len(set(tags)) == len(tags) == 2
    assert sorted(found["variables"], key=lambda each: each["name"]) == [
        {"name": "amount", "type": "number", "format": "double", "value": 7.5},
        {"name": "note", "type": "string", "value": "x"},
    ]
    status, found, _ = await site.ask("GET", "instances", instance, "variables", "note", query="fields=type")
    assert (status, found) == (200, {"name": "note", "type": "string"})
    status, found, _ = await site.ask("GET", "instances", instance, "variables", "obsolete")
    if owner == "hr":
        assert (status, found["code"]) == (404, "variable-not-found")
    else:  # the engine cannot delete: null stands for it
        assert (status, found) == (200, {"name": "obsolete", "type": "null", "value": None})


async def test_representation_and_rules_are_shown(site: Site) -> None:
    body = {"modifications": {"note": {"value": "x"}}, "deletions": ["obsolete", "note"]}
    status, found, headers = await site.ask(
        "PATCH", "instances", site.claims, "variables", body=body, Prefer="return=representation"
    )
    assert status == 200
    assert found["rules"] == [{"id": "delete-set-null", "name": "obsolete"}, {"id": "delete-set-null", "name": "note"}]
    assert headers["Gateway-Rules"] == 'delete-set-null;name="obsolete", delete-set-null;name="note"'
    assert headers["Preference-Applied"] == "return=representation"
    assert len(site.writes) == 1


async def test_merge_patch_keeps_what_it_does_not_name(site: Site) -> None:
    merge = {"customer": {"tier": "platinum"}}
    kind = "application/merge-patch+json"
    for instance in (site.hr, site.claims):
        status, problem, _ = await site.ask("PATCH", "instances", instance, "variables", body=merge, Content_Type=kind)
        assert (status, problem) == (204, None)
        _, found, _ = await site.ask("GET", "instances", instance, "variables", "customer")
        assert (found["value"]["tier"], found["value"]["name"]) == ("platinum", "Ada")
    written = site.writes[-1].body
    assert b'"className":"Address"' in written
    assert b'"items":["new","vip"]' in written


async def test_bare_id_is_found_by_asking_and_by_name(site: Site) -> None:
    native = site.claims.partition(":")[2]
    assert (await site.ask("GET", "instances", native))[1]["instance"] == site.claims
    assert (await site.ask("GET", "instances", native, query="engine=claims"))[0] == 200
    assert (await site.ask("GET", "instances", f"2072.{native}", Gateway_Engine="claims"))[1]["id"] == native
    assert (await site.ask("GET", "instances", native, query="engine=hr"))[1]["code"] == "instance-not-found"


async def test_instances_are_found_over_all_engines(site: Site) -> None:
    status, found, _ = await site.ask("GET", "instances", query="businessKey=demo-1&engines=hr&include=variables")
    assert (status, [item["instance"] for item in found["items"]]) == (200, [site.hr])
    assert found["engines"] == [{"engine": "hr", "status": "ok", "count": 1}]
    status, found, _ = await site.ask("GET", "instances", query="definition=Claim")
    assert [item["instance"] for item in found["items"]] == [site.claims]
    _, found, _ = await site.ask("GET", "engines")
    assert [(each["engine"], each["vendor"], each["health"]) for each in found["engines"]] == [
        ("hr", "camunda7", "up"),
        ("claims", "ibm_bpm", "up"),
    ]
    assert (await site.ask("GET", "engines", "claims"))[1]["version"] == "8.6.0.201803"


@pytest.mark.parametrize("name", ODD, ids=repr)
async def test_odd_name_is_only_a_name(site: Site, name: str) -> None:
    before = {each["name"] for each in (await site.ask("GET", "instances", site.hr, "variables"))[1]["variables"]}
    status, problem, _ = await site.ask("PUT", "instances", site.hr, "variables", name, body={"value": 5})
    assert (status, problem) == (204, None)
    status, found, _ = await site.ask("GET", "instances", site.hr, "variables", name)
    assert (status, found) == (200, {"name": name, "type": "integer", "format": "int32", "value": 5})
    assert (await site.ask("DELETE", "instances", site.hr, "variables", name))[0] == 204
    after = {each["name"] for each in (await site.ask("GET", "instances", site.hr, "variables"))[1]["variables"]}
    assert after == before


async def test_sixty_parallel_puts_of_one_variable_all_succeed(site: Site) -> None:
    async def put(number: int) -> int:
        return (await site.ask("PUT", "instances", site.hr, "variables", "note", body={"value": str(number)}))[0]

    assert await asyncio.gather(*(put(number) for number in range(60))) == [204] * 60


async def test_request_id_is_echoed_or_made(site: Site) -> None:
    assert (await site.ask("GET", "engines", X_Request_Id="abc-1"))[2]["X-Request-Id"] == "abc-1"
    assert len((await site.ask("GET", "engines", X_Request_Id="a b"))[2]["X-Request-Id"]) == 32


async def test_openapi_is_served_without_credentials(started) -> None:
    closed = await started(Site(Access((entry(),))))
    head = await closed.raw(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert {route.scope for route in ROUTES if route.template.startswith("/v1")} <= {
        "instances:read",
        "instances:start",
        "variables:read",
        "variables:write",
        "modification",
        "bridge:admin",
    }


async def test_waiting_caller_is_told_to_go_on(site: Site) -> None:
    target = f"/v1/instances/{site.hr}/variables/note"
    asked = f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    assert (await site.raw(asked.encode() + b"Content-Length: 12\r\n\r\n")).startswith(b"HTTP/1.1 100 Continue")


@pytest.mark.parametrize(
    ("lines", "applied"),
    [
        (["Return=representation"], "return=representation"),
        (["handling=strict", "return=representation"], "return=representation"),
        (["return=minimal, return=representation"], "return=minimal"),
        (['respond-async; x=1, return = "representation"'], "return=representation"),
        (["return=Representation"], None),
    ],
)
async def test_preference_is_read_as_rfc_7240_says(site: Site, lines: list[str], applied: str | None) -> None:
    target = f"http://127.0.0.1:{site.port}/v1/instances/{site.hr}/variables"
    body = b'{"modifications": {"amount": {"type": "number", "value": 1.5}}}'
    headers = [("Content-Type", "application/json"), *(("Prefer", line) for line in lines)]
    async with aiohttp.ClientSession() as session, session.patch(target, data=body, headers=headers) as answer:
        assert answer.headers.get("Preference-Applied") == applied

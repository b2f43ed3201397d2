"""``scope=`` and ``state=any`` over HTTP."""

from __future__ import annotations

import pytest

from tests.web.conftest import Site


def task_of(site: Site) -> str:
    native = site.hr.partition(":")[2]
    return next(iter(site.fakes["hr"].instances[native].places))


def untagged(found):
    return [{key: value for key, value in each.items() if key != "etag"} for each in found["variables"]]


async def test_variable_of_a_task_is_put_listed_read_and_deleted_there(site: Site) -> None:
    scope = f"scope=task:{task_of(site)}"
    path = ("instances", site.hr, "variables")
    assert (await site.ask("PUT", *path, "note", body={"value": 1}, query=scope))[0] == 204
    body = {"modifications": {"more": {"value": True}}, "deletions": ["never-there"]}
    status, found, _ = await site.ask("PATCH", *path, body=body, query=scope, Prefer="return=representation")
    shown = {"kind": "task", "id": task_of(site), "activity": f"review:{task_of(site)}"}
    more = {"name": "more", "type": "boolean", "value": True, "scope": shown}
    assert (status, untagged(found)) == (200, [more])
    note = {"name": "note", "type": "integer", "format": "int32", "value": 1, "scope": shown}
    status, found, _ = await site.ask("GET", *path, query=scope)
    assert (status, sorted(untagged(found), key=lambda each: each["name"])) == (200, [more, note])
    status, found, _ = await site.ask("GET", *path, query="scope=all&names=note")
    assert sorted((each.get("scope") for each in found["variables"]), key=bool) == [None, shown]
    assert (await site.ask("DELETE", *path, "note", query=scope))[0] == 204
    assert (await site.ask("GET", *path, "note", query=scope))[1]["code"] == "variable-not-found"
    assert (await site.ask("GET", *path, "note"))[1]["value"] == "please check"


async def test_condition_goes_by_what_the_scope_has(site: Site) -> None:
    scope = f"scope=task:{task_of(site)}"
    path = ("instances", site.hr, "variables")
    assert (await site.ask("PUT", *path, "note", body={"value": 1}, query=scope, If_None_Match="*"))[0] == 204
    outer = (await site.ask("GET", *path, "note"))[2]["ETag"]
    inner = (await site.ask("GET", *path, "note", query=scope))[2]["ETag"]
    whole = (await site.ask("GET", *path, query=scope))[2]["ETag"]
    body = {"modifications": {"note": {"value": 2}}}
    assert (await site.ask("PATCH", *path, body=body, query=scope, If_Match=outer))[0] == 412
    assert (await site.ask("PATCH", *path, body=body, query=scope, If_Match=whole))[0] == 204
    assert (await site.ask("PUT", *path, "note", body={"value": 3}, query=scope, If_Match=inner))[0] == 412
    assert (await site.ask("GET", *path, "note"))[2]["ETag"] == outer


async def test_content_of_a_task_is_its_own(site: Site) -> None:
    path = ("instances", site.hr, "variables", "seal")
    scope = f"scope=task:{task_of(site)}"
    assert (await site.ask("PUT", *path, body={"type": "bytes", "value": "WzFd"}, query=scope))[0] == 204
    assert (await site.ask("GET", *path, "data", query=scope))[:2] == (200, [1])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_scope_that_is_not_the_instances_is_404_and_nothing_is_written(site: Site, method: str) -> None:
    path = ("instances", site.hr, "variables", "note")
    status, problem, _ = await site.ask(method, *path, query="scope=task:nope")
    assert (status, problem["code"], site.writes) == (404, "scope-not-found", [])


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_ended_instance_is_read_with_state_any_only(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    native = instance.partition(":")[2]
    path = ("instances", instance, "variables", "note")
    before = await site.ask("GET", *path)
    if owner == "hr":
        site.fakes["hr"].end(native)
    else:
        site.fakes["claims"].instances[native].state = "Terminated"
    for target in (path, path[:3], path[:2]):
        status, problem, _ = await site.ask("GET", *target)
        assert (status, problem["code"]) == (404, "instance-not-found")
    assert (await site.ask("GET", *path, query="state=any"))[:2] == before[:2]
    status, found, _ = await site.ask("GET", *path[:3], query="state=any&names=note")
    assert (status, [each["value"] for each in found["variables"]]) == (200, ["please check"])
    status, found, _ = await site.ask("GET", *path[:2], query="state=any")
    assert (status, found["state"]) == (200, "terminated")
    status, found, _ = await site.ask("GET", "instances", native, query="state=any")
    assert (status, found["instance"]) == (200, instance)
    status, problem, _ = await site.ask("PUT", *path, body={"value": "x"})
    written = {"hr": (404, "instance-not-found"), "claims": (409, "instance-state-conflict")}
    assert (status, problem["code"]) == written[owner]

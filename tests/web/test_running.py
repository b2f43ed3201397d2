"""Starting, completing and correlating over HTTP, on both vendors."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ibm_bpm.fake.tokens import task_of
from gateway.access import Access
from gateway.routing import Routing
from tests.web.conftest import Site, entry

VARIABLES = {"amount": {"value": 7.5}, "note": {"value": "x"}}
DEFINITIONS = {"hr": "invoice", "claims": "Claim"}


def task(site: Site, owner: str) -> str:
    native = getattr(site, owner).partition(":")[2]
    running = site.fakes[owner].instances[native]
    if owner == "claims":
        return task_of(native, next(iter(running.tokens.at)))
    return next(place.id for place in running.places.values() if place.kind == "task")


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("way", ["body", "query", "header"])
async def test_instance_starts_where_the_caller_says(site: Site, owner: str, way: str) -> None:
    body: dict[str, Any] = {"definition": DEFINITIONS[owner], "variables": VARIABLES}
    body |= {"engine": owner} if way == "body" else {}
    status, found, headers = await site.ask(
        "POST",
        "instances",
        body=body,
        query=f"engine={owner}" if way == "query" else "",
        **({"Gateway_Engine": owner} if way == "header" else {}),
    )
    assert (status, headers["Gateway-Engine"]) == (201, owner)
    assert headers["Location"] == f"/v1/instances/{owner}%3A{found['id']}"
    assert found == (await site.ask("GET", "instances", found["instance"]))[1]
    _, note, _ = await site.ask("GET", "instances", found["instance"], "variables", "note", query="fields=value")
    assert note == {"name": "note", "value": "x"}


async def test_rule_of_start_routing_goes_before_what_the_caller_names(started) -> None:
    site = Site()
    site.gateway.routing = Routing(starts={"Claim": "claims"})
    site = await started(site)
    for more in ({}, {"engine": "hr"}, {"engine": "claims"}):
        status, found, _ = await site.ask("POST", "instances", body={"definition": "Claim", **more})
        assert (status, found["engine"]) == (201, "claims")
    status, found, _ = await site.ask("POST", "instances", body={"definition": "invoice"})
    assert (status, found["code"], found["errors"][0]["pointer"]) == (422, "value-invalid", "/definition")


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_task_is_completed_with_variables_once(site: Site, owner: str) -> None:
    path = ("tasks", f"{owner}:{task(site, owner)}", "complete")
    assert (await site.ask("POST", *path, body={"variables": {"note": {"value": "done"}}}))[0] == 204
    status, found, _ = await site.ask("POST", *path, body={})
    assert (status, found["code"], found["outcome"]) == (404, "task-not-found", "not_applied")
    assert len(site.writes) == 1


async def test_message_reaches_who_waits(site: Site) -> None:
    new = (await site.ask("POST", "instances", body={"definition": "messageWait", "engine": "hr"}))[1]["instance"]
    body = {"name": "Paid", "instance": new, "variables": {"paid": {"value": True}}}
    status, found, _ = await site.ask("POST", "messages", body=body)
    assert (status, found) == (200, {"receivers": [{"instance": new, "engine": "hr", "started": False}], "rules": []})
    assert (await site.ask("GET", "instances", new, "variables", "paid"))[1]["value"] is True
    status, found, _ = await site.ask("POST", "messages", body=body)
    assert (status, found["code"], found["outcome"]) == (409, "instance-state-conflict", "not_applied")
    status, found, _ = await site.ask("POST", "messages", body={"name": "Paid", "engine": "claims"})
    assert (status, found["code"]) == (422, "capability-unsupported")


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_dry_run_shows_start_and_completion(site: Site, owner: str) -> None:
    body = {"definition": DEFINITIONS[owner], "engine": owner, "variables": VARIABLES}
    status, shown, _ = await site.ask("POST", "instances", body=body, query="dryRun=true")
    assert (status, shown["requests"][-1]["method"], shown["requests"][-1]["writes"]) == (200, "POST", True)
    path = ("tasks", task(site, owner), "complete")
    status, shown, _ = await site.ask("POST", *path, body={}, query=f"dryRun=true&engine={owner}")
    assert (status, [each["writes"] for each in shown["requests"]]) == (200, [False, True])
    assert site.writes == []


REFUSED: list[tuple[tuple[str, ...], Any, str, int, str]] = [
    (("instances",), {}, "", 400, "invalid-request"),
    (("instances",), {"definition": ""}, "", 400, "invalid-request"),
    (("instances",), {"definition": "x" * 256, "engine": "hr"}, "", 400, "invalid-request"),
    (("instances",), {"definition": 1}, "", 400, "invalid-request"),
    (("instances",), {"definition": "x", "colour": 1}, "", 400, "invalid-request"),
    (("instances",), {"definition": "x", "engine": "hr"}, "engine=claims", 400, "invalid-request"),
    (("instances",), {"definition": "x", "engine": "none"}, "", 404, "engine-not-found"),
    (("instances",), {"definition": "x", "engine": "claims"}, "", 422, "value-invalid"),
    (("instances",), {"definition": "Claim", "engine": "claims", "businessKey": "k"}, "", 422, "capability-unsupported"),
    (("instances",), {"definition": "Claim", "engine": "claims", "tenant": "t"}, "", 422, "capability-unsupported"),
    (("instances",), {"definition": "../x", "engine": "hr"}, "", 422, "value-invalid"),
    (("instances",), {"definition": "x", "engine": "hr", "variables": {"a": {"type": "date-time", "value": "1"}}}, "",
     422, "value-invalid"),
    (("instances",), {"definition": "x", "engine": "hr", "variables": {"a": {"type": "colour"}}}, "",
     400, "invalid-request"),
    (("tasks", "1", "complete"), {}, "", 400, "invalid-request"),
    (("tasks", "hr:none", "complete"), {}, "", 404, "task-not-found"),
    (("tasks", "hr:..", "complete"), {}, "", 400, "invalid-request"),
    (("tasks", "hr:a/b", "complete"), {}, "", 400, "invalid-request"),
    (("tasks", "claims:abc", "complete"), {}, "", 400, "invalid-request"),
    (("tasks", "claims:4711", "complete"), {}, "", 404, "task-not-found"),
    (("tasks", "hr:1", "complete"), {}, "engine=claims", 400, "invalid-request"),
    (("tasks", "1", "complete"), {}, "engine=none", 404, "engine-not-found"),
    (("messages",), {}, "", 400, "invalid-request"),
    (("messages",), {"name": ""}, "engine=hr", 400, "invalid-request"),
    (("messages",), {"name": "x"}, "", 422, "value-invalid"),
    (("messages",), {"name": "x", "instance": "hr:none"}, "", 404, "instance-not-found"),
    (("messages",), {"name": "x", "all": "yes"}, "engine=hr", 400, "invalid-request"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "query", "status", "code"), REFUSED, ids=range(len(REFUSED)))
async def test_bad_input_is_refused_with_nothing_changed(site: Site, path, body, query, status, code) -> None:
    before = {name: len(fake.instances) for name, fake in site.fakes.items()}
    answered, found, _ = await site.ask("POST", *path, body=body, query=query)
    assert (answered, found["code"], found["outcome"]) == (status, code, "not_applied")
    assert before == {name: len(fake.instances) for name, fake in site.fakes.items()}


@pytest.mark.parametrize(
    ("more", "path", "body"),
    [
        ({"scopes": {"variables:write"}}, ("instances",), {"definition": "x", "engine": "hr"}),
        ({"scopes": {"variables:write"}}, ("tasks", "hr:1", "complete"), {}),
        ({"scopes": {"instances:start"}, "engines": ("claims",)}, ("instances",), {"definition": "x", "engine": "hr"}),
        ({"scopes": {"modification"}}, ("tasks", "hr:1", "complete"), {"variables": VARIABLES}),
        ({"scopes": {"modification"}}, ("messages",), {"name": "x", "engine": "hr", "correlationKeys": VARIABLES}),
        (
            {"scopes": {"modification", "variables:read"}, "masked": ("note",)},
            ("messages",),
            {"name": "x", "engine": "hr", "correlationKeys": VARIABLES},
        ),
        (
            {"scopes": {"instances:start"}, "variables": ("amount",)},
            ("instances",),
            {"definition": "x", "engine": "hr", "variables": VARIABLES},
        ),
    ],
)
async def test_caller_that_may_not_is_refused_unsent(started, more: dict[str, Any], path: Any, body: Any) -> None:
    site = await started(Site(Access((entry(**more | {"scopes": frozenset(more["scopes"])}),))))
    status, found, _ = await site.ask("POST", *path, body=body, Authorization="Bearer secret")
    assert (status, found["code"], site.sent) == (403, "forbidden", [])


async def test_instances_are_found_page_by_page_over_all_engines(site: Site) -> None:
    for _ in range(3):
        _ = site.fakes["hr"].start("Claim", {})
    query, found, walked = "definition=Claim&limit=2", {}, []
    while found.get("next", "") is not None:
        more = f"&cursor={found['next']}" if found else ""
        status, found, _ = await site.ask("GET", "instances", query=query + more)
        assert (status, len(found["items"]) <= 2) == (200, True)
        walked += [item["instance"] for item in found["items"]]
    assert len(walked) == len(set(walked)) == 4
    assert {each["engine"]: each["status"] for each in found["engines"]} == {"hr": "ok", "claims": "ok"}


async def test_cursor_of_another_search_or_forged_is_refused(site: Site) -> None:
    for _ in range(3):
        _ = site.fakes["hr"].start("Claim", {})
    cursor = (await site.ask("GET", "instances", query="definition=Claim&limit=1"))[1]["next"]
    for query in (f"definition=Other&cursor={cursor}", "definition=Claim&cursor=AAAA", "definition=Claim&cursor="):
        status, found, _ = await site.ask("GET", "instances", query=query)
        assert (status, found["code"], found["errors"][0]["pointer"]) == (400, "invalid-request", "/cursor")


async def test_ended_instance_is_found_with_state_any(site: Site) -> None:
    native = site.hr.partition(":")[2]
    site.fakes["hr"].end(native)
    for state, count in (("", 0), ("&state=any", 1)):
        status, found, _ = await site.ask("GET", "instances", query=f"businessKey=demo-1&engines=hr{state}")
        assert (status, len(found["items"])) == (200, count)
    assert found["items"][0]["state"] == "terminated"
    assert (await site.ask("GET", "instances", query="businessKey=x&state=ended"))[0] == 400


async def test_engine_that_cannot_look_for_it_is_told_and_fails_only_where_it_is_named(site: Site) -> None:
    status, found, _ = await site.ask("GET", "instances", query="businessKey=demo-1")
    assert (status, [item["instance"] for item in found["items"]]) == (200, [site.hr])
    assert [(each["engine"], each["status"]) for each in found["engines"]] == [("hr", "ok"), ("claims", "failed")]
    assert found["engines"][1]["problem"]["code"] == "capability-unsupported"
    status, found, _ = await site.ask("GET", "instances", query="businessKey=demo-1&engines=hr,claims")
    assert (status, found["code"]) == (422, "capability-unsupported")
    lenient = {"Prefer": "handling=lenient"}
    status, found, _ = await site.ask("GET", "instances", query="businessKey=demo-1&engines=hr,claims", **lenient)
    assert (status, len(found["items"])) == (200, 1)

"""Activities and modification over a socket: bodies that are wrong, scopes, and both vendors' tokens."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access import Access
from tests.web.conftest import Site, entry

CANCEL = {"type": "cancel", "activityId": "review"}
START = {"type": "startBeforeActivity", "activityId": "review"}


async def test_token_is_moved_on_both_vendors_with_variables(site: Site) -> None:
    for instance in (site.hr, site.claims):
        (place,) = [
            each
            for each in (await site.ask("GET", "instances", instance, "activities"))[1]["activities"]
            if each["id"] != instance.partition(":")[2]
        ]
        cancel = {"type": "cancel", "activityInstanceId": place["id"]}
        variables = {"note": {"value": "moved"}}
        start = {"type": "startBeforeActivity", "activityId": place["activity"], "variables": variables}
        body = {"instructions": [cancel, start], "annotation": "tried"}
        assert (await site.ask("POST", "instances", instance, "modification", body=body))[:2] == (204, None)
        note = (await site.ask("GET", "instances", instance, "variables", "note"))[1]
        assert note == {"name": "note", "type": "string", "value": "moved"} | {k: note[k] for k in note if k == "etag"}


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({}, 400, [""]),
        ({"instructions": []}, 400, ["/instructions"]),
        ({"instructions": [{"type": "jump"}]}, 400, ["/instructions/0/type"]),
        ({"instructions": [{"type": "cancel"}]}, 400, ["/instructions/0"]),
        ({"instructions": [CANCEL | {"activityInstanceId": "1"}]}, 400, ["/instructions/0"]),
        ({"instructions": [CANCEL | {"variables": {"a": {"value": 1}}}]}, 400, ["/instructions/0/variables"]),
        ({"instructions": [{"type": "startBeforeActivity"}]}, 400, ["/instructions/0/activityId"]),
        ({"instructions": [START | {"transitionId": "x"}]}, 400, ["/instructions/0/transitionId"]),
        ({"instructions": [START | {"activityId": ""}]}, 400, ["/instructions/0/activityId"]),
        ({"instructions": [{"type": "startTransition", "activityId": "x"}]}, 400, None),
        ({"instructions": [START | {"colour": 1}]}, 400, ["/instructions/0/colour"]),
        ({"instructions": [START], "annotation": "x" * 10_000}, 422, ["/annotation"]),
        ({"instructions": [START | {"variables": {"a/b": {"type": "integer", "value": "x"}}}]}, 422, None),
        ({"instructions": [START | {"activityId": "nowhere"}]}, 422, ["/instructions/0/activityId"]),
        (
            {"instructions": [START, {"type": "startAfterActivity", "activityId": "end"}]},
            422,
            ["/instructions/1/activityId"],
        ),
        ({"instructions": [{"type": "cancel", "activityId": "nowhere"}]}, 409, ["/instructions/0/activityId"]),
    ],
)
async def test_wrong_modification_is_refused_and_pointed_at(
    site: Site, body: Any, status: int, pointers: list[str] | None
) -> None:
    before = (await site.ask("GET", "instances", site.hr, "activities"))[1]
    answered, problem, _ = await site.ask("POST", "instances", site.hr, "modification", body=body)
    assert (answered, problem["outcome"]) == (status, "not_applied")
    if pointers is not None:
        assert [fault["pointer"] for fault in problem["errors"]] == pointers
    assert (await site.ask("GET", "instances", site.hr, "activities"))[1] == before


async def test_suspended_instance_is_a_conflict_and_stays_as_it_is(site: Site) -> None:
    where = ("instances", site.hr)
    before = (await site.ask("GET", *where, "activities"))[1]
    site.fakes["hr"].instances[site.hr.partition(":")[2]].suspended = True
    answered, problem, _ = await site.ask("POST", *where, "modification", body={"instructions": [START]})
    assert (answered, problem["code"], problem["outcome"]) == (409, "instance-state-conflict", "not_applied")
    assert (await site.ask("GET", *where, "activities"))[1] == before


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_ended_instance_is_not_modified(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    places = (await site.ask("GET", "instances", instance, "activities"))[1]["activities"]
    cancel = {"type": "cancel", "activityInstanceId": places[-1]["id"]}
    body = {"instructions": [cancel, {"type": "startBeforeActivity", "activityId": places[-1]["activity"]}]}
    if owner == "hr":
        site.fakes["hr"].end(instance.partition(":")[2])
    else:
        site.fakes["claims"].instances[instance.partition(":")[2]].state = "Terminated"
    answered, problem, _ = await site.ask("POST", "instances", instance, "modification", body=body)
    told = {"hr": (404, "instance-not-found"), "claims": (409, "instance-state-conflict")}[owner]
    assert (answered, problem["code"], problem["outcome"]) == (*told, "not_applied")
    assert [request for request in site.writes if owner == "claims"] == []


async def test_scopes_are_needed(started) -> None:
    site = await started(Site(Access((entry(scopes=frozenset({"modification"})),))))
    key = {"X_Api_Key": "secret"}
    plain = {"instructions": [START]}
    valued = {"instructions": [START | {"variables": {"a": {"value": 1}}}]}
    assert (await site.ask("POST", "instances", site.hr, "modification", body=plain, **key))[0] == 204
    assert (await site.ask("POST", "instances", site.hr, "modification", body=valued, **key))[0] == 403
    assert (await site.ask("GET", "instances", site.hr, "activities", **key))[0] == 403

"""Modification of the real engine's instances that are special: suspended, ended, with a multi-instance body."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.live.server import delete_instance
from tests.live.test_gateway import Caller, caller  # noqa: F401 - a fixture

START = {"type": "startBeforeActivity", "activityId": "vote"}
BODY = "vote#multiInstanceBody"


def posted(url: str, body: object, method: str = "POST") -> dict[str, str]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


@pytest.fixture
def votes(live_camunda: str, caller: Caller) -> Iterator[Caller]:  # noqa: F811
    """The caller, with an instance whose one task has three parallel copies."""
    instance = caller.instance = posted(f"{live_camunda}/process-definition/key/multiInstance/start", {})["id"]
    yield caller
    for each in {instance, caller.instance}:
        delete_instance(live_camunda, each)


async def modified(by: Caller, *instructions: dict[str, object]) -> tuple[int, dict[str, object]]:
    status, problem = await by.ask("POST", "modification", body={"instructions": instructions})
    return status, problem or {}


async def places(of: Caller) -> list[dict[str, str]]:
    status, found = await of.ask("GET", "activities")
    assert status == 200
    return found["activities"]


async def activities(of: Caller) -> Counter[str]:
    found = Counter(each["activity"] for each in await places(of))
    return Counter({name: count for name, count in found.items() if ":" not in name})


async def test_one_copy_of_a_multi_instance_task_is_cancelled_and_started(votes: Caller) -> None:
    assert await activities(votes) == {BODY: 1, "vote": 3}
    one = next(each for each in await places(votes) if each["activity"] == "vote")
    assert await modified(votes, {"type": "cancel", "activityInstanceId": one["id"]}) == (204, {})
    assert await activities(votes) == {BODY: 1, "vote": 2}
    assert await modified(votes, START) == (204, {})
    assert await activities(votes) == {BODY: 1, "vote": 3}


async def test_multi_instance_body_is_started_and_cancelled_as_a_whole(votes: Caller) -> None:
    assert await modified(votes, START | {"activityId": BODY}) == (204, {})
    assert await activities(votes) == {BODY: 2, "vote": 6}
    first = next(each for each in await places(votes) if each["activity"] == BODY)
    assert await modified(votes, {"type": "cancel", "activityInstanceId": first["id"]}) == (204, {})
    assert await activities(votes) == {BODY: 1, "vote": 3}


async def test_copies_in_two_bodies_need_an_ancestor_to_start(votes: Caller) -> None:
    assert await modified(votes, START | {"activityId": BODY}) == (204, {})
    status, problem = await modified(votes, START)
    assert (status, problem["code"], problem["outcome"]) == (422, "value-invalid", "not_applied")
    assert [each["pointer"] for each in problem["errors"]] == ["/instructions/0/ancestorActivityInstanceId"]
    body = next(each for each in await places(votes) if each["activity"] == BODY)
    assert await modified(votes, START | {"ancestorActivityInstanceId": body["id"]}) == (204, {})
    assert await activities(votes) == {BODY: 2, "vote": 7}


async def test_last_token_cancelled_ends_the_instance(votes: Caller) -> None:
    assert await modified(votes, {"type": "cancel", "activityId": "vote"}) == (204, {})
    assert (await votes.ask("GET", "activities"))[0] == 404
    status, found = await votes.ask("GET", suffix="?state=any")
    assert (status, found["state"]) == (200, "terminated")
    status, problem = await modified(votes, START)
    assert (status, problem["code"], problem["outcome"]) == (404, "instance-not-found", "not_applied")


async def test_suspended_instance_is_a_conflict_and_stays(live_camunda: str, votes: Caller) -> None:
    posted(f"{live_camunda}/process-instance/{votes.instance}/suspended", {"suspended": True}, "PUT")
    status, problem = await modified(votes, START)
    assert (status, problem["code"], problem["outcome"]) == (409, "instance-state-conflict", "not_applied")
    assert await activities(votes) == {BODY: 1, "vote": 3}


@pytest.mark.parametrize(("model", "activity"), [("parallelScope", "fork"), ("parallelScope", "end")])
async def test_start_after_what_forks_or_ends_is_the_callers_fault(
    live_camunda: str, votes: Caller, model: str, activity: str
) -> None:
    votes.instance = posted(f"{live_camunda}/process-definition/key/{model}/start", {})["id"]
    status, problem = await modified(votes, {"type": "startAfterActivity", "activityId": activity})
    assert (status, problem["code"], problem["outcome"]) == (422, "value-invalid", "not_applied")
    assert [each["pointer"] for each in problem["errors"]] == ["/instructions/0/activityId"]


async def test_annotation_of_the_longest_kind_is_taken(votes: Caller) -> None:
    body = {"instructions": [START], "annotation": "é" * 3500}
    assert (await votes.ask("POST", "modification", body=body))[0] == 204
    status, problem = await votes.ask("POST", "modification", body=body | {"annotation": "é" * 10_000})
    assert (status, problem["code"]) == (422, "value-too-long")

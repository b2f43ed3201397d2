"""Front doors on the other vendor's instance: where its tokens are, moving them, and the instance's state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.ibm_bpm.fake.tokens import CHECK, DECIDE
from tests.web.across import SCOPES, Across, across

KEY = {"X_Api_Key": "secret"}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


def cancel(**where: str) -> dict[str, Any]:
    return {"type": "cancel", **where}


def start(activity: str, **variables: dict[str, Any]) -> dict[str, Any]:
    return {"type": "startBeforeActivity", "activityId": activity, **({"variables": variables} if variables else {})}


# Camunda's language, IBM's instance


async def test_camunda_sees_the_tokens_of_ibm_one_level_below_the_instance(site: Across) -> None:
    for written in (site.claims, f"claims:{site.claims}"):
        answer = await site.camunda("GET", f"/process-instance/{written}/activity-instances")
        common = {
            "processInstanceId": written, "processDefinitionId": "25.Claim", "childTransitionInstances": [],
            "executionIds": [written], "incidentIds": [], "incidents": [],
        }  # fmt: skip
        token = common | {
            "id": "4", "parentActivityInstanceId": written, "activityId": CHECK, "activityType": "task",
            "childActivityInstances": [], "activityName": "Check", "name": "Check",
        }  # fmt: skip
        assert (answer.status, answer.json) == (
            200,
            common
            | {
                "id": written, "parentActivityInstanceId": None, "activityId": "25.Claim",
                "activityType": "processDefinition", "childActivityInstances": [token], "activityName": "Claim",
                "name": "Claim",
            },
        )  # fmt: skip


async def test_camunda_moves_a_token_of_ibm_with_variables_and_a_comment(site: Across) -> None:
    path = f"/process-instance/{site.claims}/modification"
    body = {
        "instructions": [
            cancel(activityInstanceId="4"),
            start(DECIDE, note={"value": "moved", "type": "String", "local": False}, amount={"value": 7}),
        ],
        "annotation": "stuck",
        "skipCustomListeners": False,
    }
    answer = await site.camunda("POST", path, body)
    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers
    instance = site.fakes["claims"].instances[site.claims]
    assert (instance.tokens.at, instance.variables["note"]) == ({"5": DECIDE}, "moved")
    assert (await site.v1("GET", f"/instances/claims:{site.claims}/variables/amount")).json["value"] == 7
    assert [each.endswith("stuck") for each in instance.tokens.comments] == [True]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"skipIoMappings": True}, "skipIoMappings"),
        ({"instructions": [start(CHECK)]}, "instructions"),
        ({"instructions": [cancel(activityId=CHECK), {"type": "startTransition", "transitionId": "f"}]}, "instruction 1"),
        ({"instructions": [cancel(transitionInstanceId="4")]}, "instruction 0"),
        (
            {"instructions": [cancel(activityId=CHECK), start(DECIDE, note={"value": "x", "local": True})]},
            "instruction 1, variable note",
        ),
        (
            {"instructions": [cancel(activityId=CHECK), start(DECIDE, pages={"value": "x", "type": "Integer"})]},
            "instruction 1, variable pages",
        ),
        ({"instructions": []}, "instruction"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=["skip", "start alone", "transition", "transition instance", "local variable", "bad value", "nothing", "member"],
)  # fmt: skip
async def test_camunda_modification_that_ibm_cannot_say_is_refused_and_nothing_is_written(
    site: Across, more: dict[str, Any], named: str
) -> None:
    body = {"instructions": [cancel(activityId=CHECK)], **more}
    answer = await site.camunda("POST", f"/process-instance/claims:{site.claims}/modification", body)
    assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
    assert named in answer.json["message"]
    assert not any(each.writes for _, each in site.heard)
    if "pages" not in str(more):  # whether a value fits is known once the stored one is read
        assert site.engines == []


async def test_camunda_modification_that_fails_on_ibm_is_told_as_a_failure(site: Across) -> None:
    path = f"/process-instance/claims:{site.claims}/modification"
    gone = {"instructions": [cancel(activityInstanceId="99"), start(DECIDE)]}
    answer = await site.camunda("POST", path, gone)
    assert (answer.status, answer.json["type"]) == (500, "RestException")
    assert "instruction 0, activityInstanceId" in answer.json["message"]
    site.fakes["claims"].instances[site.claims].state = "Completed"
    ended = await site.camunda("POST", path, {"instructions": [cancel(activityInstanceId="4"), start(DECIDE)]})
    assert (ended.status, ended.json["type"]) == (500, "RestException")
    assert (await site.camunda("GET", path.replace("modification", "activity-instances"))).status == 404
    missing = await site.camunda("POST", "/process-instance/claims:9/modification", gone)
    assert (missing.status, missing.json["type"], missing.json["code"]) == (500, "ProcessEngineException", 0)
    assert not any(each.writes for _, each in site.heard)


async def test_camunda_suspended_ibm_instance_is_modified_all_the_same(site: Across) -> None:
    site.fakes["claims"].instances[site.claims].state = "Suspended"
    body = {"instructions": [start(DECIDE), cancel(activityId=CHECK)]}
    answer = await site.camunda("POST", f"/process-instance/{site.claims}/modification", body)
    assert answer.status == 204
    assert site.fakes["claims"].instances[site.claims].tokens.at == {"5": DECIDE}


# Masks, name limits and scopes


async def test_limited_caller_has_the_calls_at_either_owner_within_its_names() -> None:
    async with across({"variables": ["note"]}) as site:
        for owner, (here, there) in {"hr": ("review", "review"), "claims": (CHECK, DECIDE)}.items():
            path = f"/process-instance/{getattr(site, owner)}"
            assert (await site.camunda("GET", f"{path}/activity-instances", **KEY)).status == 200
            site.forget()
            body = {"instructions": [cancel(activityId=here), start(there, amount={"value": 1})]}
            denied = await site.camunda("POST", f"{path}/modification", body, **KEY)
            assert (denied.status, site.planned) == (403, [])
            allowed = {"instructions": [cancel(activityId=here), start(there, note={"value": "x"})]}
            assert (await site.camunda("POST", f"{path}/modification", allowed, **KEY)).status == 204


async def test_variables_of_a_modification_need_the_scope_of_writing_variables() -> None:
    async with across({"scopes": [scope for scope in SCOPES if scope != "variables:write"]}) as site:
        path = f"/process-instance/claims:{site.claims}/modification"
        body = {"instructions": [cancel(activityId=CHECK), start(DECIDE, note={"value": "x"})]}
        assert (await site.camunda("POST", path, body, **KEY)).status == 403
        assert site.engines == []
        body = {"instructions": [cancel(activityId=CHECK), start(DECIDE)]}
        assert (await site.camunda("POST", path, body, **KEY)).status == 204


async def test_moves_need_the_scope_of_modification() -> None:
    async with across({"scopes": ["variables:read", "variables:write", "passthrough:write"]}) as site:
        body = {"instructions": [cancel(activityId=CHECK), start(DECIDE)]}
        for path in (
            f"/process-instance/claims:{site.claims}/modification",
            f"/process-instance/{site.hr}/modification",
        ):
            assert (await site.camunda("POST", path, body, **KEY)).status == 403
        assert site.engines == []

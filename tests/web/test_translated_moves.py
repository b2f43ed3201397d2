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
            assert denied.status == 403
            assert not any(each.writes for _, each in site.planned)
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


# IBM's language, Camunda's instance

FORM = "application/x-www-form-urlencoded"


async def tree(site: Across, instance: str, **more: Any) -> dict[str, Any]:
    """The execution tree of an instance in IBM's language."""
    answer = await site.ibm("GET", f"/process/{instance}?parts=executionTree", **more)
    assert answer.status == 200, answer.body
    return answer.json["data"]["executionTree"]["root"]


async def token_of(site: Across, instance: str) -> str:
    (token,) = (await tree(site, instance))["children"]
    return token["tokenId"]


async def test_ibm_learns_the_tokens_of_camunda_from_the_execution_tree(site: Across) -> None:
    (token,) = site.fakes["hr"].instances[site.hr].tokens
    root = await tree(site, site.hr)
    blank = {"createdTaskIDs": None, "variables": None}
    assert root == blank | {
        "name": "invoice",
        "nodeId": "1",
        "children": [
            blank
            | {
                "name": "Review", "nodeId": "2", "flowObjectId": "review", "taskType": None, "tokenId": token,
                "children": None,
            }
        ],
    }  # fmt: skip
    everything = (await site.ibm("GET", f"/process/{site.hr}")).json["data"]
    assert everything["executionTree"] == {"executionStatus": "1", "root": root}
    assert (everything["state"], everything["variables"]["pages"]) == ("STATE_RUNNING", 2)


async def test_ibm_read_that_is_too_long_for_a_url_stands_in_a_form(site: Across) -> None:
    form: dict[str, Any] = {"Content_Type": FORM, "X_HTTP_Method_Override": "GET"}
    answer = await site.ibm("POST", f"/process/{site.hr}", raw=b"parts=header%7CexecutionTree", **form)
    data = answer.json["data"]
    assert (data["state"], data["variables"], len(data["executionTree"]["root"]["children"])) == (
        "STATE_RUNNING", None, 1,
    )  # fmt: skip
    twice = await site.ibm("POST", f"/process/{site.hr}?parts=data", raw=b"parts=header", **form)
    assert twice.status == 400


async def test_ibm_execution_tree_of_what_has_ended_has_no_tokens(site: Across) -> None:
    site.fakes["hr"].end(site.hr)
    root = await tree(site, site.hr)
    assert (root["name"], root["children"]) == ("invoice", None)
    missing = await site.ibm("GET", "/process/hr:nope?parts=executionTree")
    assert (missing.status, missing.json["Data"]["errorNumber"]) == (404, "CWTBG0059E")


async def test_ibm_execution_tree_by_an_execution_is_that_of_its_instance(site: Across) -> None:
    instance = site.fakes["hr"].start("parallelScope", {})
    inner = next(key for key, place in site.fakes["hr"].instances[instance].places.items() if place.kind == "execution")
    assert await tree(site, f"hr:{inner}") == await tree(site, instance)


async def test_ibm_moves_a_token_of_camunda_and_sees_the_details(site: Across) -> None:
    before = await token_of(site, site.hr)
    site.forget()
    answer = await site.ibm(
        "POST", f"/process/hr:{site.hr}?action=moveToken&tokenId={before}&target=review&resume=true", Content_Length="0"
    )
    data = answer.json["data"]
    (after,) = site.fakes["hr"].instances[site.hr].tokens
    assert after != before
    assert (answer.status, answer.json["status"]) == (200, "200")
    assert (data["piid"], data["state"], data["executionState"]) == (f"hr:{site.hr}", "STATE_RUNNING", "Active")
    assert [each["tokenId"] for each in data["executionTree"]["root"]["children"]] == [after]
    assert data["variables"] is None
    written = [each for _, each in site.planned if each.writes]
    assert [(each.method, each.path[-1]) for each in written] == [("POST", "modification")]
    assert site.planned.index(("hr", written[0])) == 0


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ("all", {"state", "variables", "executionTree"}),
        ("data", {"variables"}),
        ("header|data", {"state", "variables"}),
        ("none", set()),
    ],
    ids=["all", "data", "two", "none"],
)
async def test_ibm_answer_to_a_move_has_the_parts_that_are_asked_for(site: Across, parts: str, shown: set[str]) -> None:
    token = await token_of(site, site.hr)
    query = f"action=moveToken&tokenId={token}&target=review&parts={parts.replace('|', '%7C')}"
    data = (await site.ibm("POST", f"/process/{site.hr}?{query}", Content_Length="0")).json["data"]
    assert {part for part in ("state", "variables", "executionTree") if data.get(part) is not None} == shown


@pytest.mark.parametrize(
    ("query", "form", "headers"),
    [
        ("", "action=moveToken&tokenId={token}&target=review", {}),
        ("?action=moveToken", "tokenId={token}&target=review&parts=header", {}),
        ("?action=moveToken&tokenId={token}", "action=moveToken&target=review", {"X_Method_Override": "POST"}),
    ],
    ids=["all in the form", "action in the query", "both, and a method override"],
)
async def test_ibm_action_may_stand_in_a_form(site: Across, query: str, form: str, headers: dict[str, str]) -> None:
    token = await token_of(site, site.hr)
    target = f"/process/{site.hr}{query.format(token=token)}"
    answer = await site.ibm("POST", target, raw=form.format(token=token).encode(), Content_Type=FORM, **headers)
    assert (answer.status, answer.json["data"]["state"]) == (200, "STATE_RUNNING")
    assert token not in site.fakes["hr"].instances[site.hr].tokens


async def test_ibm_deleting_the_last_token_ends_the_instance(site: Across) -> None:
    token = await token_of(site, site.hr)
    answer = await site.ibm("POST", f"/process/{site.hr}?action=deleteToken&tokenId={token}", Content_Length="0")
    data = answer.json["data"]
    assert (answer.status, data["state"], data["executionTree"]["root"]["children"]) == (200, "STATE_TERMINATED", None)
    assert site.hr not in site.fakes["hr"].instances
    again = await site.ibm("POST", f"/process/{site.hr}?action=deleteToken&tokenId={token}", Content_Length="0")
    assert (again.status, again.json["Data"]["errorNumber"]) == (404, "CWTBG0059E")


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize(
    ("method", "query", "status", "said"),
    [
        ("POST", "action=moveToken&target=review", 400, "tokenId"),
        ("POST", "action=moveToken&tokenId=&target=review", 400, "tokenId"),
        ("POST", "action=moveToken&tokenId=1", 400, "target"),
        ("POST", "action=deleteToken", 400, "tokenId"),
        ("POST", "action=moveToken&tokenId=1&target=review&resume=false", 400, "resume"),
        ("POST", "action=moveToken&tokenId=1&target=review&resume=maybe", 400, "resume"),
        ("POST", "action=moveToken&tokenId=1&target=review&parts=diagram", 400, "diagram"),
        ("POST", "action=moveToken&tokenId=1&target=review&parts=nonsense", 400, "nonsense"),
        ("PUT", "action=moveToken&tokenId=1&target=review", 405, "VBG0008E"),
        ("DELETE", "action=suspend", 405, "VBG0008E"),
        ("POST", "action=retry", 400, "action=retry"),
        ("POST", "action=dance", 400, "action=dance"),
        ("POST", "", 400, "POST /process/"),
    ],
    ids=[
        "no token", "empty token", "no target", "no token to delete", "resume=false", "resume that is no flag",
        "part that only IBM has", "part that nobody has", "PUT", "DELETE", "action that only IBM has",
        "action that nobody has", "no action",
    ],
)  # fmt: skip
async def test_ibm_action_that_cannot_be_said_is_refused_before_any_call(
    site: Across, method: str, query: str, status: int, said: str, accept: str
) -> None:
    answer = await site.ibm(method, f"/process/hr:{site.hr}?{query}", Content_Length="0", Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (status, accept)
    assert said.encode() in answer.body
    assert site.engines == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"tokenId=2", FORM, 400),
        (b"target=a&target=b", FORM, 400),
        (b"target", FORM, 400),
        (b"target=%FF", FORM, 400),
        (b'{"target":"review"}', "application/json", 400),
        (b"{", "application/json", 400),
        (b"target=review", "text/plain", 415),
    ],
    ids=["another token", "two targets", "no pair", "no UTF-8", "JSON", "malformed JSON", "content type"],
)
async def test_ibm_action_with_a_body_that_says_something_else_is_refused(
    site: Across, body: bytes, kind: str, status: int
) -> None:
    target = f"/process/hr:{site.hr}?action=moveToken&tokenId=1"
    answer = await site.ibm("POST", target, raw=body, Content_Type=kind)
    assert (answer.status, answer.json["status"]) == (status, "error")
    assert site.engines == []


async def test_ibm_unknown_token_and_step_are_told_as_such(site: Across) -> None:
    token = await token_of(site, site.hr)
    path = f"/process/{site.hr}?action="
    gone = await site.ibm("POST", f"{path}moveToken&tokenId=99&target=review", Content_Length="0")
    assert (gone.status, gone.json["Data"]["errorNumber"]) == (404, "CWTBG0013E")
    deleted = await site.ibm("POST", f"{path}deleteToken&tokenId=99", Content_Length="0")
    assert (deleted.status, deleted.json["Data"]["errorNumber"]) == (404, "CWTBG0013E")
    nowhere = await site.ibm("POST", f"{path}moveToken&tokenId={token}&target=nowhere", Content_Length="0")
    assert (nowhere.status, nowhere.json["Data"]["exceptionType"]) == (400, "varbridge.ValueInvalid")
    assert "target" in nowhere.json["Data"]["errorMessage"]
    assert await token_of(site, site.hr) == token


async def test_ibm_suspended_camunda_instance_takes_no_move(site: Across) -> None:
    token = await token_of(site, site.hr)
    site.fakes["hr"].instances[site.hr].suspended = True
    answer = await site.ibm("POST", f"/process/{site.hr}?action=deleteToken&tokenId={token}", Content_Length="0")
    assert (answer.status, answer.json["Data"]["errorNumber"]) == (409, "CWTBG0014E")
    assert await token_of(site, site.hr) == token


async def test_ibm_details_with_variables_need_the_scope_of_reading_them() -> None:
    async with across({"scopes": ["modification", "instances:read"]}) as site:
        (token,) = site.fakes["hr"].instances[site.hr].tokens
        path = f"/process/hr:{site.hr}?action=moveToken&tokenId={token}&target=review"
        denied = await site.ibm("POST", f"{path}&parts=all", Content_Length="0", **KEY)
        assert (denied.status, site.engines) == (403, [])
        assert (await site.ibm("POST", path, Content_Length="0", **KEY)).status == 200


async def test_ibm_limited_caller_moves_tokens_at_either_owner_and_sees_what_it_may() -> None:
    async with across({"masked": ["note"], "variables": ["note", "pages"]}) as site:
        for owner, target in {"hr": "review", "claims": DECIDE}.items():
            instance = getattr(site, owner)
            (token,) = (await tree(site, instance, **KEY))["children"]
            path = f"/process/{instance}?action=moveToken&tokenId={token['tokenId']}&target={target}&parts=all"
            data = (await site.ibm("POST", path, Content_Length="0", **KEY)).json["data"]
            assert [each["flowObjectId"] for each in data["executionTree"]["root"]["children"]] == [target]
            assert set(data["variables"]) == {"pages"}
            gone = await site.ibm("POST", path, Content_Length="0", **KEY)
            assert (gone.status, gone.json["Data"]["errorNumber"]) == (404, "CWTBG0013E")


# The state of an instance


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_ibm_suspends_resumes_and_terminates_an_instance_of_camunda(site: Across, method: str) -> None:
    held = site.fakes["hr"].instances[site.hr]
    for action, state, suspended in (
        ("suspend", ("STATE_SUSPENDED", "Suspended"), True),
        ("suspend", ("STATE_SUSPENDED", "Suspended"), True),
        ("resume", ("STATE_RUNNING", "Active"), False),
        ("terminate", ("STATE_TERMINATED", "Terminated"), False),
    ):
        answer = await site.ibm(method, f"/process/{site.hr}?action={action}", Content_Length="0")
        data = answer.json["data"]
        assert (answer.status, answer.json["status"], data["piid"], data["name"]) == (200, "200", site.hr, "invoice")
        assert (data["state"], data["executionState"], held.suspended) == (*state, suspended)
        assert (data["variables"], data["executionTree"]) == (None, None)
    assert site.hr not in site.fakes["hr"].instances
    gone = await site.ibm(method, f"/process/{site.hr}?action=suspend", Content_Length="0")
    assert (gone.status, gone.json["Data"]["errorNumber"]) == (404, "CWTBG0059E")


async def test_ibm_state_shows_the_parts_that_are_asked_for_and_takes_a_form(site: Across) -> None:
    answer = await site.ibm(
        "POST", f"/process/{site.hr}?parts=all", raw=b"action=suspend", Content_Type=FORM, X_Method_Override="PUT"
    )
    data = answer.json["data"]
    assert (data["state"], data["variables"]["pages"], len(data["executionTree"]["root"]["children"])) == (
        "STATE_SUSPENDED", 2, 1,
    )  # fmt: skip


async def test_camunda_suspends_activates_and_deletes_an_instance_of_ibm(site: Across) -> None:
    path, held = f"/process-instance/{site.claims}", site.fakes["claims"].instances[site.claims]
    for body, state in (({"suspended": True}, "Suspended"), ({"suspended": True}, "Suspended"), ({}, "Active")):
        answer = await site.camunda("PUT", f"{path}/suspended", body)
        assert (answer.status, answer.body, held.state) == (204, b"", state)
    deleted = await site.camunda("DELETE", f"{path}?skipCustomListeners=false&failIfNotExists=true")
    assert (deleted.status, deleted.body, held.state) == (204, b"", "Terminated")
    again = await site.camunda("DELETE", path)
    assert (again.status, again.json["type"], held.state) == (500, "RestException", "Terminated")


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PUT", "/suspended", b'{"suspended":"yes"}', "suspended"),
        ("PUT", "/suspended", b'{"processInstanceIds":["1"]}', "processInstanceIds"),
        ("PUT", "/suspended", b"[]", "object"),
        ("PUT", "/suspended", b"", "empty"),
        ("DELETE", "?skipIoMappings=true", b"", "skipIoMappings"),
        ("DELETE", "?skipSubprocesses=true", b"", "skipSubprocesses"),
        ("DELETE", "?skipCustomListeners=1", b"", "skipCustomListeners"),
        ("DELETE", "?failIfNotExists=no", b"", "failIfNotExists"),
    ],
    ids=[
        "no flag", "many instances", "list", "nothing", "skipped mappings", "skipped subprocesses", "flag that is none",
        "other flag that is none",
    ],
)  # fmt: skip
async def test_camunda_state_that_cannot_be_said_is_refused_before_any_call(
    site: Across, method: str, path: str, body: bytes, said: str
) -> None:
    answer = await site.camunda(method, f"/process-instance/claims:{site.claims}{path}", raw=body)
    assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
    assert said in answer.json["message"]
    assert site.engines == []


async def test_camunda_missing_instance_is_not_deleted_as_the_engine_says(site: Across) -> None:
    answer = await site.camunda("DELETE", "/process-instance/claims:9")
    assert (answer.status, tuple(answer.json.values())) == (
        404,
        ("InvalidRequestException", "No process instance found for id 'claims:9': processInstance is null", 0),
    )
    gone = await site.camunda("DELETE", "/process-instance/claims:9?failIfNotExists=false")
    assert (gone.status, gone.body) == (204, b"")


async def test_owner_is_found_although_the_engine_of_the_door_says_nothing(site: Across) -> None:
    for path, body, state in (
        (f"/process-instance/{site.claims}/suspended", {"suspended": True}, "Suspended"),
        (f"/process-instance/{site.claims}?failIfNotExists=false", None, "Terminated"),
    ):
        assert (await site.camunda("DELETE" if body is None else "PUT", path, body)).status == 204
        assert site.fakes["claims"].instances[site.claims].state == state
    assert not any(each.writes for name, each in site.heard if name == "hr")


async def test_engine_of_the_door_is_asked_for_an_id_that_others_could_have_before_it_answers_anyhow(
    site: Across,
) -> None:
    instances = site.fakes["hr"].instances
    instances["77"] = held = instances.pop(site.hr)
    held.id = "77"
    for written, calls in (("77", ["GET", "PUT"]), ("77", ["PUT"]), ("hr:77", ["PUT"])):
        site.forget()
        assert (await site.camunda("PUT", f"/process-instance/{written}/suspended", {"suspended": True})).status == 204
        assert [(name, each.method) for name, each in site.heard] == [("hr", method) for method in calls]
    assert held.suspended
    for unknown in ("78", "nobody"):
        path = f"/process-instance/{unknown}/suspended"
        assert (await site.camunda("PUT", path, {"suspended": True})).status == 204  # as the engine says


async def test_owner_that_is_down_is_not_passed_over_in_silence() -> None:
    async with across(down=("claims",)) as site:
        answer = await site.camunda("PUT", f"/process-instance/{site.claims}/suspended", {"suspended": True})
        assert (answer.status, answer.json["type"]) == (503, "EngineUnavailable")


async def test_state_needs_the_scope_of_what_passes_through() -> None:
    async with across({"scopes": ["variables:write", "modification"]}) as site:
        assert (await site.ibm("PUT", f"/process/hr:{site.hr}?action=suspend", Content_Length="0", **KEY)).status == 403


async def test_limited_callers_change_the_state_at_either_owner_and_see_no_variables_in_the_answer() -> None:
    async with across({"masked": ["note"]}) as site:
        camundas, ibms = (site.fakes[name].instances[getattr(site, name)] for name in ("hr", "claims"))
        own = await site.camunda("PUT", f"/process-instance/hr:{site.hr}/suspended", {"suspended": True}, **KEY)
        assert (own.status, camundas.suspended) == (204, True)
        other = await site.ibm("PUT", f"/process/hr:{site.hr}?action=resume", Content_Length="0", **KEY)
        assert (other.status, camundas.suspended) == (200, False)
        path = f"/process/claims:{site.claims}?action=suspend&parts=header|data"
        ibm = await site.ibm("PUT", path, Content_Length="0", **KEY)
        assert (ibm.status, ibm.json["data"]["state"], ibms.state) == (200, "STATE_SUSPENDED", "Suspended")
        assert "note" not in ibm.json["data"]["variables"]
        assert "amount" in ibm.json["data"]["variables"]


@pytest.mark.parametrize("state", ["Failed", "Completed"])
async def test_camunda_ibm_instance_whose_state_does_not_allow_it_is_a_failure(site: Across, state: str) -> None:
    site.fakes["claims"].instances[site.claims].state = state
    answer = await site.camunda("PUT", f"/process-instance/claims:{site.claims}/suspended", {"suspended": True})
    assert (answer.status, answer.json["type"]) == (500, "RestException")
    assert site.fakes["claims"].instances[site.claims].state == state

"""What front-door requests name beside their path: refused where it is another engine's, else relayed as it came."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.ibm_bpm.fake.tokens import task_of
from gateway.web import RequestLimits
from tests.web.across import Across, across
from tests.web.gate import gate

FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


def refusal(call: str, engine: str) -> str:
    return f"{call} is not offered here for what is on the engine {engine}."


def unnamed(call: str, engine: str) -> str:
    return f"{call} takes ids without the name of the engine {engine}."


@pytest.mark.parametrize(
    ("method", "path", "body", "call"),
    [
        ("GET", "/task?processInstanceId={}", None, "GET /task"),
        ("GET", "/job/{}", None, "GET /job/{}"),
        ("GET", "/engine/default/incident/count?executionId={}", None, "GET /engine/default/incident/count"),
        ("POST", "/history/task", {"orQueries": [{"processInstanceId": "{}"}]}, "POST /history/task"),
        ("PUT", "/process-instance/suspended", {"processInstanceIds": ["x", "{}"]}, "PUT /process-instance/suspended"),
        ("POST", "/process-instance/variables-async", {"processInstanceIds": ["{}"]}, "POST /process-instance/variables-async"),
    ],
    ids=["query", "path", "below an engine's name", "search in a body", "write of several", "variables of several"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("engine", "told"), [("claims", refusal), ("hr", unnamed)], ids=["another engine", "the door's own"]
)
async def test_camunda_call_with_an_engine_beside_its_path_is_refused_by_its_name(
    site: Across, method: str, path: str, body: Any, call: str, engine: str, told: Callable[[str, str], str]
) -> None:
    identity = f"{engine}:{site.claims}"
    content = None if body is None else json.loads(json.dumps(body).replace("{}", identity))
    answer = await site.camunda(method, path.replace("{}", identity), content)
    message = told(call.replace("{}", identity), engine)
    assert (answer.status, answer.json) == (
        400, {"type": "InvalidRequestException", "message": message, "code": None},
    )  # fmt: skip
    assert site.heard == []


@pytest.mark.parametrize(
    ("method", "path", "form", "call"),
    [
        ("PUT", "/process/bulk?action=suspend&instanceIds=1355,{}", None, "PUT /process/bulk?action=suspend"),
        ("PUT", "/process/bulk?action=suspend&instanceIds=1355&instanceIds={}", None, "PUT /process/bulk?action=suspend"),
        ("POST", "/process/bulk", "action=suspend&instanceIds=1355%2C{}", "POST /process/bulk?action=suspend"),
        ("POST", "/bulk?command=GET:/rest/bpm/wle/v1/systems&command=PUT:/rest/bpm/wle/v1/process/{}/variables", None, "POST /bulk"),
        ("POST", "/bulk", "command=GET%3A%2Frest%2Fbpm%2Fwle%2Fv1%2Fprocess%2F{}", "POST /bulk"),
        ("GET", "/activity/{}", None, "GET /activity/{}"),
        ("GET", "/performance/query?condition=a|Equals|x&condition=instanceId|Equals|{}", None, "GET /performance/query"),
    ],
    ids=["list", "parameter that stands twice", "form", "call inside a bulk call", "bulk call as a form", "path", "condition"],
)  # fmt: skip
async def test_ibm_call_with_another_engine_beside_its_path_is_refused_by_its_name(
    site: Across, method: str, path: str, form: str | None, call: str
) -> None:
    identity = f"hr:{site.hr}"
    raw = None if form is None else form.replace("{}", identity).encode()
    answer = await site.ibm(method, path.replace("{}", identity), raw=raw, **({} if form is None else FORM))
    data = answer.json["Data"]
    message = f"VBG0002E: {refusal(call.replace('{}', identity), 'hr')}"
    assert (answer.status, data["errorNumber"], data["errorMessage"]) == (400, "VBG0002E", message)
    assert site.heard == []


async def test_id_that_only_another_engine_can_have_is_refused_and_one_of_nobody_is_not(site: Across) -> None:
    refused = await site.ibm("GET", f"/process/actions?instanceIds={site.claims},{site.hr}")
    assert refused.json["Data"]["errorMessage"] == f"VBG0002E: {refusal('GET /process/actions', 'hr')}"
    assert site.heard == []
    _ = await site.ibm("GET", f"/process/actions?instanceIds={site.claims},1")
    assert site.engines == ["claims"]


async def test_task_that_is_known_on_another_engine_is_refused_beside_a_path(site: Across) -> None:
    task = task_of(site.claims, next(iter(site.fakes["claims"].instances[site.claims].tokens.at)))
    assert (await site.camunda("GET", f"/task/{task}/variables")).status == 200
    site.forget()
    answer = await site.camunda("GET", f"/task?taskId={task}")
    assert (answer.status, answer.json["message"]) == (400, refusal("GET /task", "claims"))
    assert site.heard == []
    assert (await site.camunda("GET", f"/job?jobId={task}")).status != 400


async def test_id_of_an_engine_that_the_caller_may_not_use_is_forbidden() -> None:
    async with across({"engines": ["hr"]}) as site:
        answer = await site.camunda("GET", f"/task?processInstanceId=claims:{site.claims}", X_Api_Key="secret")
        assert (answer.status, answer.json["message"]) == (403, "The caller may not use this engine.")
        assert site.heard == []


async def test_body_that_was_looked_into_reaches_the_engine_as_it_was_written(site: Across) -> None:
    raw = b' {"processInstanceIds" : ["nobody"],\n"deleteReason":"\xc3\xa9", "deleteReason":"again"}'
    _ = await site.camunda("POST", "/process-instance/delete", raw=raw)
    assert [(engine, request.body) for engine, request in site.heard] == [("hr", raw)]


async def test_body_over_the_limit_is_refused_where_it_must_be_looked_into_and_passes_where_not() -> None:
    body = b'{"processInstanceIds": ["%s"]}' % (b"x" * 200)
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    limits = RequestLimits(max_body_bytes=100)
    async with gate(limits=limits, others=("claims",)) as door:
        assert (await door.ask("/door/process-instance/delete", "POST", head, body))[0] == 413
        assert (await door.ask("/door/group/create", "POST", head, body))[0] == 200
    async with gate(limits=limits) as door:
        assert (await door.ask("/door/process-instance/delete", "POST", head, body))[0] == 200
        assert door.engine.heard[0].body == body


async def test_answer_of_the_doors_own_engine_shows_the_id_as_the_caller_wrote_it(site: Across) -> None:
    task = task_of(site.claims, next(iter(site.fakes["claims"].instances[site.claims].tokens.at)))
    for ask, path, own, member in (
        (site.camunda, "/process-instance/{}", site.hr, ("id",)),
        (site.camunda, "/engine/default/process-instance/{}", site.hr, ("id",)),
        (site.ibm, "/process/{}?parts=header|data", site.claims, ("data", "piid")),
        (site.ibm, "/task/{}", task, ("data", "tkiid")),
    ):
        engine = "hr" if own == site.hr else "claims"
        plain, named = [await ask("GET", path.format(written)) for written in (own, f"{engine}:{own}")]
        shown = [each.json if len(member) == 1 else each.json[member[0]] for each in (plain, named)]
        assert [each.pop(member[-1]) for each in shown] == [own, f"{engine}:{own}"]
        assert shown[0] == shown[1]
        assert int(named.headers["content-length"]) == len(named.body)
    same = [
        await site.ibm("GET", f"/process/{written}?parts=none", Accept="application/xml")
        for written in (site.claims, f"claims:{site.claims}")
    ]
    assert same[0].body == same[1].body  # only JSON is looked into
    tree = [
        await site.camunda("GET", f"/process-instance/{each}/activity-instances") for each in (site.hr, f"hr:{site.hr}")
    ]
    assert tree[0].body == tree[1].body  # modifications take these ids

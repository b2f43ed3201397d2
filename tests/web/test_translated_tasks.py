"""Tasks at front doors: completed, read and refused in either language, on either vendor's engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import pytest

from adapters import camunda7, ibm_bpm
from adapters.ibm_bpm.fake.tokens import CHECK, task_of
from gateway.model.jsontext import Number
from tests.web.across import SCOPES, Across, Answer, across

CAMUNDA, IBM = camunda7.VENDOR.fake, ibm_bpm.VENDOR.fake
KEY = {"X_Api_Key": "secret"}
LIMITED = {"masked": ["secret"], "variables": ["note", "amount", "secret", "own"]}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


def camunda_task(site: Across, engine: str = "hr", instance: str | None = None) -> str:
    places = site.fakes[engine].instances[instance or site.hr].places
    return next(place.id for place in places.values() if place.kind == "task")


def ibm_task(site: Across, engine: str = "claims", instance: str | None = None) -> str:
    named = instance or site.claims
    return task_of(named, next(iter(site.fakes[engine].instances[named].tokens.at)))


def stored(site: Across, name: str) -> Any:
    """A variable of the instance on IBM's engine."""
    return site.fakes["claims"].instances[site.claims].variables.get(name)


# Camunda's language, IBM's task


@pytest.mark.parametrize("call", ["complete", "submit-form"])
@pytest.mark.parametrize("spelled", ["{}", "claims:{}", "2078.{}"], ids=["bare", "with its engine", "as IBM spells it"])
async def test_camunda_completes_a_task_of_ibms_with_typed_variables(site: Across, call: str, spelled: str) -> None:
    task = spelled.format(ibm_task(site))
    body = {
        "variables": {"pages": {"value": 9, "type": "Integer"}, "customer": {"value": '{"name":"Bo"}', "type": "Json"}}
    }
    answer = await site.camunda("POST", f"/task/{task}/{call}", body)
    assert (answer.status, answer.body) == (204, b"")
    assert (stored(site, "pages"), stored(site, "customer")["name"]) == (Number("9"), "Bo")
    assert [each.path for _, each in site.planned if each.writes] == [("task", ibm_task_done(site))]


def ibm_task_done(site: Across) -> str:
    (task,) = site.fakes["claims"].instances[site.claims].completed
    return task


async def test_camunda_completion_answers_with_the_variables_where_they_are_asked_for(site: Across) -> None:
    body = {"variables": {"note": {"value": "done"}}, "withVariablesInReturn": True}
    answer = await site.camunda("POST", f"/task/{ibm_task(site)}/complete", body)
    listed = await site.camunda("GET", f"/process-instance/{site.claims}/variables")
    assert (answer.status, answer.json) == (200, listed.json)
    assert answer.json["note"] == {"type": "String", "value": "done", "valueInfo": {}}


async def test_camunda_reads_the_instance_through_a_task_of_ibms(site: Across) -> None:
    listed = (await site.camunda("GET", f"/process-instance/{site.claims}/variables")).json
    for kind in ("variables", "localVariables"):
        path = f"/engine/default/task/{ibm_task(site)}/{kind}"
        seen = await site.camunda("GET", path)
        assert (seen.status, seen.json) == (200, listed)
        one = await site.camunda("GET", f"{path}/amount?deserializeValue=false")
        assert (one.status, one.json) == (200, listed["amount"])
        missing = await site.camunda("GET", f"{path}/nope")
        assert (missing.status, missing.json["message"]) == (404, "task variable with name nope does not exist")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "localVariables/note", {"value": 1}),
        ("DELETE", "localVariables/note", None),
        ("POST", "localVariables", {"modifications": {"note": {"value": 1}}}),
        ("PUT", "variables/note", {"value": 1}),
        ("DELETE", "variables/note", None),
        ("POST", "variables", {"modifications": {"note": {"value": 1}}}),
        ("POST", "claim", {"userId": "ada"}),
        ("POST", "resolve", {"variables": {}}),
        ("POST", "bpmnError", {"errorCode": "e"}),
        ("GET", "form-variables", None),
        ("GET", "", None),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
async def test_other_call_on_a_task_of_ibms_is_refused_before_any_request(
    site: Across, method: str, path: str, body: Any
) -> None:
    target = f"/task/claims:{ibm_task(site)}/{path}".rstrip("/")
    answer = await site.camunda(method, target, body)
    assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
    named = "of its own" if "localVariables" in path else f"{method} {target}"
    assert named in answer.json["message"]
    assert site.engines == []


BAD: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("unknown member", b'{"variable":{}}', {}, 400, "variable"),
    ("unknown member of a value", b'{"variables":{"note":{"valu":1}}}', {}, 400, "note"),
    ("unknown type", b'{"variables":{"note":{"value":1,"type":"Colour"}}}', {}, 400, "note"),
    ("number beyond its type", b'{"variables":{"note":{"value":5e9,"type":"Integer"}}}', {}, 400, "note"),
    ("variable twice", b'{"variables":{"note":{"value":1},"note":{"value":2}}}', {}, 400, ""),
    ("word for a flag", b'{"withVariablesInReturn":"yes"}', {}, 400, "withVariablesInReturn"),
    ("array", b"[]", {}, 400, ""),
    ("malformed", b'{"variables":', {}, 400, ""),
    ("empty", b"", {}, 400, ""),
    ("form", b"a=1", FORM, 415, ""),
    ("too many names", json.dumps({"variables": {str(at): {} for at in range(10_001)}}).encode(), {}, 413, ""),
]


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD]
)
async def test_bad_completion_in_camundas_language_sends_nothing(
    site: Across, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    task = ibm_task(site)
    answer = await site.camunda("POST", f"/task/claims:{task}/complete", raw=body, **headers)
    assert (answer.status, list(answer.json)) == (status, ["type", "message", "code"])
    assert said in answer.json["message"]
    assert not any(each.writes for _, each in site.planned)
    assert (await site.camunda("GET", f"/task/claims:{task}/complete")).status in {400, 405}


# IBM's language, Camunda's task


def details(site: Across, task: str, **more: Any) -> dict[str, Any]:
    return {
        "activationTime": "2026-01-01T00:00:00Z", "completionTime": None, "displayName": "review", "dueTime": None,
        "name": "review", "owner": None, "startTime": "2026-01-01T00:00:00Z", "state": "STATE_READY", "tkiid": task,
        "piid": site.hr, "status": "Received", "assignedTo": None, "assignedToType": None, "data": None,
        "flowObjectID": "review", **more,
    }  # fmt: skip


@pytest.mark.parametrize("action", ["complete", "finish"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_ibm_completes_a_task_of_camundas(site: Across, action: str, method: str) -> None:
    task = camunda_task(site)
    params = {"amount": 7, "note": "x", "customer": {"name": "Bo", "@metadata": {"className": "Customer"}}}
    target = f"/task/{task}?action={action}&params={quote(json.dumps(params))}"
    answer = await site.ibm(method, target, Content_Length="0")
    assert answer.status == 200
    assert answer.json == {
        "status": "200", "data": details(site, task, status="Closed", state="STATE_FINISHED")
    }  # fmt: skip
    written = site.fakes["hr"].ended[site.hr].variables
    assert (written["amount"].value, written["note"].value) == (Number("7"), "x")
    assert json.loads(written["customer"].value) == {"name": "Bo"}
    again = await site.ibm(method, target, Content_Length="0")
    assert (again.status, again.json["Data"]["errorNumber"]) == (404, "VBG0039E")


async def test_ibm_completion_may_be_a_form(site: Across) -> None:
    task = camunda_task(site)
    form = urlencode({"action": "finish", "params": json.dumps({"note": "y" * 3000}), "parts": "none"}).encode()
    answer = await site.ibm("POST", f"/task/{task}", raw=form, **FORM)
    assert (answer.status, answer.json["data"]["status"]) == (200, "Closed")
    assert site.fakes["hr"].ended[site.hr].variables["note"].value == "y" * 3000


async def test_ibm_reads_a_task_of_camundas_with_what_it_sees(site: Across) -> None:
    task = camunda_task(site)
    assert (await site.camunda("PUT", f"/task/{task}/localVariables/note", {"value": "own"})).status == 204
    shown = {}
    for target in (f"/task/{task}?parts=all", f"/task/hr:{task}", f"/task/{task}?parts=data"):
        answer = await site.ibm("GET", target)
        assert answer.status == 200
        shown[target] = answer.json["data"]
        seen = shown[target].pop("data")["variables"]
        assert (seen["note"], seen["amount"], seen["customer"]["tags"]["items"]) == ("own", 1250.5, ["new", "vip"])
    bare = {key: each for key, each in details(site, task).items() if key != "data"}
    assert list(shown.values()) == [bare, bare | {"tkiid": f"hr:{task}"}, bare]
    only = await site.ibm("GET", f"/task/{task}?parts=none")
    assert (only.status, only.json["data"]) == (200, details(site, task))
    document = await site.ibm("GET", f"/task/{task}", Accept="application/xml")
    assert ET.fromstring(document.body).findtext("data/data/variables/note") == "own"


async def test_ibm_reads_a_task_that_is_completed(site: Across) -> None:
    fake = site.fakes["hr"]
    instance = fake.start("parallelScope", {"a": {"type": "Integer", "value": 1}})
    task = camunda_task(site, instance=instance)
    assert (await site.camunda("POST", f"/task/{task}/complete", {})).status == 204
    answer = (await site.ibm("GET", f"/task/{task}")).json["data"]
    assert (answer["status"], answer["state"], answer["completionTime"], answer["piid"]) == (
        "Closed", "STATE_FINISHED", "2026-01-01T00:00:00Z", instance,
    )  # fmt: skip
    assert answer["data"]["variables"] == {"a": 1}
    ended = next(place.id for place in fake.instances[instance].places.values() if place.kind == "task")
    fake.end(instance)
    shown = (await site.ibm("GET", f"/task/{ended}?parts=none")).json["data"]
    assert (shown["status"], shown["state"]) == ("Deleted", "STATE_TERMINATED")


IBM_BAD = {
    "malformed params": ("?action=finish&params=%7B", None, {}, 400),
    "params that are no object": ("?action=finish&params=%5B1%5D", None, {}, 400),
    "name twice": ("?action=finish&params=%7B%22a%22%3A1%2C%22a%22%3A2%7D", None, {}, 400),
    "something is selected": (
        f"?action=finish&params={quote(json.dumps({'note': {'selected': [0], 'items': [1], '@metadata': {}}}))}",
        None, {}, 400,
    ),
    "unknown part": ("?action=finish&parts=colour", None, {}, 400),
    "part that only IBM has": ("?action=finish&parts=actions", None, {}, 400),
    "params twice": ("?action=finish&params=%7B%7D", b"params=%7B%22a%22%3A1%7D", FORM, 400),
    "params twice in a form": ("?action=finish", b"params=%7B%7D&params=%7B%22a%22%3A1%7D", FORM, 400),
    "form that is no text": ("?action=finish", b"params=%FF", FORM, 400),
    "params in a JSON body": ("?action=finish", b'{"params":{}}', {}, 400),
    "another media type": ("?action=finish", b"<a/>", {"Content_Type": "text/xml"}, 415),
    "a script": ("?action=finish&callback=f", None, {}, 406),
    "too many names": (
        "?action=finish", urlencode({"params": json.dumps(dict.fromkeys(map(str, range(10_001))))}).encode(), FORM, 413,
    ),
    "claim": ("?action=claim", None, {}, 400),
    "assignment": ("?action=assign&toMe=true", None, {}, 400),
    "data alone": ("?action=setData&params=%7B%7D", None, {}, 400),
    "no action": ("", None, {}, 400),
}  # fmt: skip


@pytest.mark.parametrize(("query", "body", "headers", "status"), IBM_BAD.values(), ids=list(IBM_BAD))
async def test_bad_completion_in_ibms_language_sends_nothing_that_writes(
    site: Across, query: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    task = camunda_task(site)
    headers = {"Content_Length": "0"} if body is None else headers
    answer = await site.ibm("PUT", f"/task/hr:{task}{query}", raw=body, **headers)
    assert (answer.status, answer.json["status"]) == (status, "error")
    if query.startswith(("?action=claim", "?action=assign", "?action=setData")):
        assert answer.json["Data"]["errorNumber"] == "VBG0002E"
        assert f"PUT /task/hr:{task}?action=" in answer.json["Data"]["errorMessage"]
    assert site.engines == []


async def test_ibm_method_override_completes_or_is_refused(site: Across) -> None:
    target = f"/task/hr:{camunda_task(site)}?action=finish"
    for method, said in (("POST", "BREW"), ("POST", "DELETE"), ("GET", "GET")):
        more = {"Content_Length": "0"} if method == "POST" else {}
        answer = await site.ibm(method, target, X_Method_Override=said, **more)
        assert answer.status in {400, 405}
    assert not any(each.writes for _, each in site.planned)
    done = await site.ibm("POST", target, X_HTTP_Method_Override="PUT", Content_Length="0")
    assert (done.status, done.json["data"]["status"]) == (200, "Closed")


# Whose a task is


async def test_engine_of_the_door_alone_is_asked_for_its_own_task(site: Across) -> None:
    task = camunda_task(site)
    assert (await site.camunda("GET", f"/task/{task}/variables")).status == 200
    assert (await site.camunda("POST", f"/task/{task}/complete", {})).status == 204
    mine = ibm_task(site)
    assert (await site.ibm("GET", f"/task/{mine}")).status == 200
    assert (await site.ibm("PUT", f"/task/{mine}?action=finish", Content_Length="0")).status == 200
    assert (site.engines, site.planned) == (["hr", "hr", "claims", "claims"], [])
    claimed = await site.camunda("POST", f"/task/hr:{task}/claim", {})
    assert claimed.status == 404
    assert site.heard[-1][1].path == ("task", task, "claim")


UNKNOWN = ["", "/variables", "/variables/note", "/localVariables", "/complete", "/submit-form"]


@pytest.mark.parametrize("call", UNKNOWN)
async def test_unknown_task_is_answered_by_the_engine_of_the_door(site: Across, call: str) -> None:
    body = {} if call in {"/complete", "/submit-form"} else None
    direct = await site.camunda("GET" if body is None else "POST", f"/task/hr:99{call}", body)
    site.forget()
    answer = await site.camunda("GET" if body is None else "POST", f"/task/99{call}", body)
    assert (answer.status, answer.json) == (direct.status, direct.json)
    assert set(site.engines) == {"hr", "claims"}
    foreign = await site.camunda("GET" if body is None else "POST", f"/task/claims:99{call}", body)
    if call:
        assert (foreign.status, foreign.json["message"].replace("claims:99", "99")) == (
            direct.status, direct.json["message"],
        )  # fmt: skip


async def test_unknown_task_in_ibms_language(site: Across) -> None:
    for method, query in (("GET", ""), ("PUT", "?action=finish")):
        more = {"Content_Length": "0"} if method == "PUT" else {}
        own = await site.ibm(method, f"/task/99{query}", **more)
        assert (own.status, own.json["Data"]["errorNumber"]) == (404, "CWTBG0013E")
        assert set(site.engines) == {"hr", "claims"}
        other = await site.ibm(method, f"/task/hr:99{query}", **more)
        assert (other.status, other.json["Data"]["errorNumber"]) == (404, "VBG0039E")
    assert not any(each.writes for _, each in site.planned)


async def test_owner_of_a_task_is_remembered(site: Across) -> None:
    path = f"/task/{ibm_task(site)}/variables"
    assert (await site.camunda("GET", path)).status == 200
    assert site.engines[0] == "hr"
    site.forget()
    assert (await site.camunda("GET", path)).status == 200
    assert set(site.engines) == {"claims"}


async def test_task_that_two_other_engines_have_is_ambiguous() -> None:
    async with across(fakes={"hr": CAMUNDA(), "claims": IBM(), "more": IBM()}) as site:
        assert site.fakes["more"].showcase() == site.claims
        task = ibm_task(site)
        answer = await site.camunda("POST", f"/task/{task}/complete", {})
        assert (answer.status, answer.json["type"]) == (409, "InstanceAmbiguous")
        assert not any(each.writes for _, each in site.planned)
        named = await site.camunda("POST", f"/task/more:{task}/complete", {})
        assert named.status == 204
        assert list(site.fakes["more"].instances[site.claims].completed) == [task]
        assert site.fakes["claims"].instances[site.claims].completed == {}


@pytest.mark.parametrize("caller", [(), (LIMITED | {"scopes": SCOPES},)], ids=["anybody", "limited"])
async def test_task_that_the_engine_of_the_door_has_completed_is_nobody_elses(caller: tuple[Any, ...]) -> None:
    async with across(*caller, fakes={"hr": CAMUNDA(), "claims": IBM(), "more": IBM()}) as site:
        assert site.fakes["more"].showcase() == site.claims
        target = f"/task/{ibm_task(site)}?action=finish"
        first, second = [await site.ibm("PUT", target, Content_Length="0", **(KEY if caller else {})) for _ in range(2)]
        assert first.status == 200
        assert second.status in {401, 404}
        assert site.fakes["more"].instances[site.claims].completed == {}


async def test_task_of_the_same_vendor_elsewhere_is_relayed_there() -> None:
    async with across(fakes={"hr": CAMUNDA(), "claims": IBM(), "more": IBM()}) as site:
        other = [site.fakes["more"].showcase() for _ in range(2)][-1]
        task = ibm_task(site, "more", other)
        answer = await site.ibm("PUT", f"/task/{task}?action=finish", Content_Length="0")
        assert (answer.status, answer.json["data"]["flowObjectID"]) == (200, CHECK)
        assert list(site.fakes["more"].instances[other].completed) == [task]


async def test_door_before_another_vendors_engine_completes_there_and_relays_to_its_own_vendors() -> None:
    async with across(doors={"hr": {"engine": "claims"}, "claims": {"engine": "hr"}}) as site:
        foreign, own = camunda_task(site), ibm_task(site)
        done = await site.ibm("PUT", f"/task/{foreign}?action=finish", Content_Length="0")
        assert (done.status, done.json["data"]["tkiid"], set(site.engines)) == (200, foreign, {"hr"})
        site.forget()
        relayed = await site.ibm("PUT", f"/task/{own}?action=finish", Content_Length="0")
        assert (relayed.status, relayed.json["data"]["kind"]) == (200, "KIND_PARTICIPATING")
        assert [(name, each.path) for name, each in site.heard if each.method == "PUT"] == [("claims", ("task", own))]
    async with across(doors={"hr": {"engine": "claims"}, "claims": {"engine": "hr"}}) as site:
        foreign, own = ibm_task(site), camunda_task(site)
        assert (await site.camunda("POST", f"/task/{foreign}/complete", {})).status == 204
        assert set(site.engines) == {"claims"}
        site.forget()
        relayed = await site.camunda("GET", f"/task/{own}")
        assert (relayed.status, relayed.json["taskDefinitionKey"]) == (200, "review")
        assert (await site.camunda("POST", f"/task/{own}/complete", {})).status == 204
        listed = await site.camunda("GET", "/task/gone/variables")
        assert (listed.status, listed.json) == (
            500, {"type": "NullValueException", "message": "task gone doesn't exist: task is null", "code": 0},
        )  # fmt: skip
        unknown = await site.camunda("POST", "/task/gone/complete", {})
        assert (unknown.status, unknown.json["message"]) == (
            500, "Cannot complete task gone: Cannot find task with id gone: task is null",
        )  # fmt: skip


async def test_engine_that_is_down_is_noticed_only_by_who_may_mean_it() -> None:
    async with across(down=("claims",)) as site:
        assert (await site.camunda("POST", f"/task/{camunda_task(site)}/complete", {})).status == 204
        gone = await site.camunda("POST", "/task/0000-gone/complete", {})
        assert (gone.status, gone.json["type"]) == (500, "RestException")
        maybe = await site.camunda("POST", "/task/7/complete", {})
        assert (maybe.status, maybe.json["type"]) == (503, "EngineUnavailable")


async def test_task_of_a_suspended_instance_is_a_conflict_in_both_languages(site: Across) -> None:
    site.fakes["claims"].instances[site.claims].state = "Suspended"
    site.fakes["hr"].instances[site.hr].suspended = True
    answer = await site.camunda("POST", f"/task/{ibm_task(site)}/complete", {})
    assert (answer.status, answer.json) == (
        500,
        {
            "type": "RestException",
            "message": f"Cannot complete task {ibm_task(site)}: The task's instance is suspended.",
            "code": 0,
        },
    )
    answer = await site.ibm("PUT", f"/task/{camunda_task(site)}?action=finish", Content_Length="0")
    assert (answer.status, answer.json["Data"]["errorNumber"]) == (409, "CWTBG0014E")


# Callers with limits, and scopes


@pytest.fixture
async def limited() -> AsyncIterator[Across]:
    async with across(LIMITED) as site:
        fake = site.fakes["hr"]
        site.hr = fake.start(
            "parallelScope",
            {"note": {"type": "String", "value": "root"}, "other": {"type": "String", "value": "o"}, "amount": {"type": "Long", "value": 1}},
        )  # fmt: skip
        yield site


async def said(site: Across, method: str, path: str, body: Any = None) -> Answer:
    return await site.camunda(method, path, body, **KEY)


async def test_limited_caller_reads_and_writes_a_tasks_own_variables(limited: Across) -> None:
    task = camunda_task(limited)
    local = f"/task/{task}/localVariables"
    body = {"modifications": {"own": {"value": 5, "type": "Integer"}, "secret": {"value": "s"}}}
    assert (await said(limited, "POST", local, body)).status == 204
    assert (await said(limited, "PUT", f"{local}/note", {"value": "mine"})).status == 204
    listed = await said(limited, "GET", local)
    hidden = {"type": "String", "value": None, "valueInfo": {"error": "The value is hidden from the caller."}}
    own = {
        "own": {"type": "Integer", "value": 5, "valueInfo": {}},
        "secret": hidden,
        "note": {"type": "String", "value": "mine", "valueInfo": {}},
    }
    assert (listed.status, listed.json) == (200, own)
    seen = await said(limited, "GET", f"/task/hr:{task}/variables")
    assert (seen.status, seen.json) == (200, own | {"amount": {"type": "Long", "value": 1, "valueInfo": {}}})
    one = await said(limited, "GET", f"/task/{task}/variables/amount")
    assert (one.status, one.json["value"]) == (200, 1)
    absent = await said(limited, "GET", f"{local}/amount")
    assert (absent.status, absent.json["message"]) == (404, "task variable with name amount does not exist")
    assert (await said(limited, "DELETE", f"{local}/note")).status == 204
    assert (await said(limited, "GET", f"/task/{task}/variables/note")).json["value"] == "root"
    place = limited.fakes["hr"].instances[limited.hr].places[task]
    assert set(place.variables) == {"own", "secret"}


async def test_limited_caller_completes_within_its_names(limited: Across) -> None:
    async with across(LIMITED | {"scopes": [*SCOPES, "modification"]}) as site:
        for task in (camunda_task(site), ibm_task(site)):
            site.forget()
            refused = await said(site, "POST", f"/task/{task}/complete", {"variables": {"other": {"value": 1}}})
            assert (refused.status, any(each.writes for _, each in site.planned)) == (403, False)
            body = {"variables": {"note": {"value": "n"}}, "withVariablesInReturn": True}
            done = await said(site, "POST", f"/task/{task}/complete", body)
            assert (done.status, done.json["note"]["value"], set(done.json) <= set(LIMITED["variables"])) == (
                200, "n", True,
            )  # fmt: skip


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_scopes_for_variables_are_needed_where_there_are_some(owner: str) -> None:
    async with across({"scopes": ["modification"]}) as site:
        task = f"{owner}:{camunda_task(site) if owner == 'hr' else ibm_task(site)}"
        path = f"/task/{task}/complete"
        for body in ({"variables": {"note": {"value": 1}}}, {"withVariablesInReturn": True}):
            refused = await said(site, "POST", path, body)
            assert (refused.status, refused.json["type"]) == (403, "Forbidden")
        assert site.engines == []
        assert (await said(site, "GET", f"/task/{task}/variables")).status == 403
        assert (await said(site, "POST", path, {"variables": {}})).status == 204


async def test_limited_caller_has_no_data_of_ibms_tasks_in_ibms_language() -> None:
    async with across(LIMITED) as site:
        target = f"/task/claims:{ibm_task(site)}"
        for parts in ("", "?parts=data"):
            answer = await site.ibm("GET", f"{target}{parts}", **KEY)
            assert (answer.status, answer.json["Data"]["errorNumber"], site.engines) == (400, "VBG0002E", [])
        shown = await site.ibm("GET", f"{target}?parts=none", **KEY)
        assert (shown.status, shown.json["data"]["piid"], shown.json["data"]["data"]) == (200, site.claims, None)


async def test_completion_needs_its_scope() -> None:
    async with across({"scopes": [scope for scope in SCOPES if scope != "modification"]}) as site:
        for target in (f"/task/{camunda_task(site)}/complete", f"/task/{ibm_task(site)}/submit-form"):
            assert (await said(site, "POST", target, {})).status == 403
        refused = await site.ibm("PUT", f"/task/{ibm_task(site)}?action=finish", Content_Length="0", **KEY)
        assert (refused.status, site.engines) == (403, [])

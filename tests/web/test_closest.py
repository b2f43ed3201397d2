"""A name that is not known is refused with the one that was probably meant; a wrong shape with an example of the right
one; what is unusual and in no doubt is accepted."""

from __future__ import annotations

import codecs
import json
from typing import Any

import aiohttp
import pytest
from yarl import URL

from gateway.access import Access
from tests.web.conftest import Site, entry

KEY = {"Authorization": "Bearer secret"}
TYPED = '{"value": 5}'
PLAIN = "To send plain JSON, PATCH with `Content-Type: application/merge-patch+json`."
CONDITION = '{"name": "amount", "operator": "gteq", "value": 5}'
PATCH = '{"modifications": {"amount": {"value": 5}}, "deletions": ["old"]}'


def meant(name: str) -> str:
    return f"Did you mean `{name}`?"


SET = ("PATCH", "instances", "{hr}", "variables")
ONE = ("PUT", "instances", "{hr}", "variables", "amount")
JSON_PATCH = ("PATCH application/json-patch+json", *ONE[1:])
MERGE_PATCH = ("PATCH application/merge-patch+json", *SET[1:])
OPERATIONS = '[{"op": "replace", "path": "/amount", "value": 5}]'
QUERY, COUNT = ("POST", "variables", "query"), ("POST", "variables", "query", "count")
START, BATCH, OPERATION = ("POST", "instances"), ("POST", "variables", "batch"), ("POST", "operations")
TASK, MESSAGE = ("POST", "tasks", "hr:1", "complete"), ("POST", "messages")
MOVE = ("POST", "instances", "{hr}", "modification")
ITEM = {"instance": "hr:1"}
# request, body, pointer, what its detail ends with
WRONG: dict[str, tuple[tuple[str, ...], Any, str, str]] = {
    "query with Camunda's filter": (QUERY, {"processInstanceIdIn": ["1"]}, "/processInstanceIdIn", meant("instanceIdIn")),
    "query with one id": (QUERY, {"processInstanceId": "1"}, "/processInstanceId", meant("instanceIdIn")),
    "query with ids in the plural": (QUERY, {"processInstanceIds": []}, "/processInstanceIds", meant("instanceIdIn")),
    "query with a typo": (QUERY, {"variableNmae": "a"}, "/variableNmae", meant("variableName")),
    "query with Camunda's page": (QUERY, {"maxResults": 5}, "/maxResults", meant("limit")),
    "count with Camunda's filter": (COUNT, {"processInstanceIdIn": []}, "/processInstanceIdIn", meant("instanceIdIn")),
    "operation with Camunda's filter": (
        OPERATION, {"processInstanceIdIn": []}, "/processInstanceIdIn", meant("instanceIdIn"),
    ),
    "operator by its sign": (
        QUERY, {"variableValues": [{"name": "a", "operator": ">=", "value": 1}]},
        "/variableValues/0/operator", meant("gteq"),
    ),
    "operator with a typo": (
        QUERY, {"variableValues": [{"name": "a", "operator": "likee", "value": "a"}]},
        "/variableValues/0/operator", meant("like"),
    ),
    "sort key with a typo": (QUERY, {"sorting": [{"sortBy": "nam"}]}, "/sorting/0/sortBy", meant("name")),
    "condition without an operator": (
        QUERY, {"variableValues": [{"name": "a"}]}, "/variableValues/0", f"For example: `{CONDITION}`.",
    ),
    "condition as a text": (QUERY, {"variableValues": ["a=1"]}, "/variableValues/0", f"For example: `{CONDITION}`."),
    "start with Camunda's definition": (
        START, {"processDefinitionKey": "invoice"}, "/processDefinitionKey", meant("definition"),
    ),
    "value with a vendor's member in another case": (
        ONE, {"type": "File", "value": "", "valueinfo": {}}, "/valueinfo", meant("valueInfo"),
    ),
    "value with a typo in a member that is answered": (ONE, {"value": 1, "nmae": "amount"}, "/nmae", meant("name")),
    "start in snake case": (START, {"definition": "a", "business_key": "1"}, "/business_key", meant("businessKey")),
    "start with Camunda's tenant": (START, {"definition": "a", "tenantId": "1"}, "/tenantId", meant("tenant")),
    "start without a definition": (
        START, {}, "", 'For example: `{"definition": "invoice", "variables": {"amount": {"value": 5}}}`.',
    ),
    "start with a plain value": (
        START, {"definition": "a", "variables": {"n": 5}}, "/variables/n", f"For example: `{TYPED}`.",
    ),
    "message by Camunda's name": (MESSAGE, {"messageName": "paid"}, "/messageName", meant("name")),
    "message for Camunda's instance": (
        MESSAGE, {"name": "paid", "processInstanceId": "1"}, "/processInstanceId", meant("instance"),
    ),
    "completion with a typo": (TASK, {"variable": {}}, "/variable", meant("variables")),
    "batch item by Camunda's id": (
        BATCH, {"items": [{"processInstanceId": "1"}]}, "/items/0/processInstanceId", meant("instance"),
    ),
    "batch item with variables": (
        BATCH, {"items": [ITEM | {"variables": {}}]}, "/items/0/variables", meant("modifications"),
    ),
    "batch that is an array": (
        BATCH, [], "", 'For example: `{"items": [{"instance": "hr:1", "modifications": {"amount": {"value": 5}}}]}`.',
    ),
    "batch with another atomicity": (
        BATCH, {"items": [ITEM], "atomicity": "instances"}, "/atomicity", meant("instance"),
    ),
    "patch with a plain value": (
        SET, {"modifications": {"good": {"value": 1}, "a": 5}}, "/modifications/a", f"For example: `{TYPED}`. {PLAIN}",
    ),
    "patch that is an array": (SET, [], "", f"For example: `{PATCH}`."),
    "patch of variables": (SET, {"variables": {}}, "/variables", meant("modifications")),
    "patch that deletes by object": (SET, {"deletions": {"a": None}}, "/deletions", 'For example: `["text"]`.'),
    "typed value with a typo": (
        SET, {"modifications": {"a": {"valeu": 5}}}, "/modifications/a/valeu", meant("value"),
    ),
    "typed value with Camunda's member": (ONE, {"value": "", "mimeType": "a/b"}, "/mimeType", meant("mediaType")),
    "JSON patch that is an object": (
        JSON_PATCH, {"op": "add", "path": "/a", "value": 1}, "", f"For example: `{OPERATIONS}`.",
    ),
    "JSON patch of an unknown operation": (JSON_PATCH, [{"op": "set", "path": "/a"}], "/0/op", f"`{OPERATIONS}`."),
    "merge patch of the set that is an array": (MERGE_PATCH, [], "", '`{"amount": 5, "old": null}`.'),
    "plain value by PUT": (ONE, 5, "", f"For example: `{TYPED}`. {PLAIN}"),
    "modification with a typo in a local value": (
        MOVE,
        {"instructions": [{
            "type": "startBeforeActivity",
            "variables": {"a": {"value": 1, "local": True}, "b": {"valu": 1}},
        }]},
        "/instructions/0/variables/b/valu", meant("value"),
    ),
    "modification of an unknown kind": (
        MOVE, {"instructions": [{"type": "startBefore"}]}, "/instructions/0/type", meant("startBeforeActivity"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_body_of_another_shape_is_refused_with_the_right_one(site: Site, case: str) -> None:
    (method, *path), body, pointer, end = WRONG[case]
    verb, _, kind = method.partition(" ")
    where = (part.format(hr=site.hr) for part in path)
    status, problem, _ = await site.ask(verb, *where, body=body, Content_Type=kind or "application/json")
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (400, "invalid-request", pointer)
    assert problem["detail"].endswith(" " + end), problem["detail"]
    assert site.sent == []


@pytest.mark.parametrize("value", ["Mustermann", {"iban": "DE02"}, [47110815], 47110815], ids=str)
async def test_refusal_of_a_wrong_shape_does_not_repeat_the_value(site: Site, value: Any) -> None:
    for body in ({"modifications": {"a": [value]}}, {"modifications": {"a": {"value": 1, "type": [value]}}}):
        _, problem, _ = await site.ask("PATCH", "instances", site.hr, "variables", body=body)
        for secret in ("Mustermann", "DE02", "iban", "47110815"):
            assert secret not in json.dumps(problem)


async def test_refusal_of_a_choice_does_not_repeat_the_value_that_stands_in_its_place(site: Site) -> None:
    body = {"variableValues": [{"name": "customer", "operator": "Mustermann", "value": "eq"}]}
    status, problem, _ = await site.ask("POST", "variables", "query", body=body)
    assert (status, problem["errors"][0]["pointer"]) == (400, "/variableValues/0/operator")
    assert problem["detail"].startswith("Unknown choice. Known: eq, ")
    assert "Mustermann" not in json.dumps(problem)


UNIFIED = {
    "the engine itself": ("GET", ("engines", "hrr"), "", None),
    "beside the id": ("GET", ("instances", "1"), "engine=Hr", None),
    "a search": ("GET", ("instances",), "engines=hr,hrr", None),
    "a query": ("POST", ("variables", "query"), "", {"engines": ["hr_"]}),
    "a start": ("POST", ("instances",), "", {"definition": "invoice", "engine": "hrr"}),
    "a task": ("POST", ("tasks", "1", "complete"), "engine=hrr", {}),
    "a message": ("POST", ("messages",), "", {"name": "paid", "engine": "hrr"}),
}


@pytest.mark.parametrize("place", UNIFIED)
async def test_engine_that_is_misspelt_is_refused_with_the_one_that_is_meant(site: Site, place: str) -> None:
    method, path, query, body = UNIFIED[place]
    status, problem, _ = await site.ask(method, *path, query=query, body=body)
    assert (status, problem["code"]) == (404, "engine-not-found")
    assert problem["detail"] == "No engine of this name is configured. Did you mean `hr`?"
    assert site.sent == []


@pytest.mark.parametrize("place", UNIFIED)
async def test_engine_that_the_caller_may_not_use_is_never_named(started: Any, place: str) -> None:
    scopes = frozenset({"instances:read", "instances:start", "variables:read", "variables:write", "modification"})
    site = await started(Site(Access((entry(scopes=scopes, engines=("claims",)),))))
    method, path, query, body = UNIFIED[place]
    status, problem, _ = await site.ask(method, *path, query=query, body=body, **KEY)
    assert status in {403, 404}
    assert "hr`" not in problem["detail"]


async def test_engine_in_front_of_an_id_that_is_misspelt_is_named(site: Site) -> None:
    _, native = site.hr.split(":", 1)
    status, problem, _ = await site.ask("GET", "instances", f"hrr:{native}", "variables")
    assert status == 404
    assert problem["detail"] == "No such instance, or it has ended. Did you mean `hr`?"


async def test_engine_in_front_of_an_instance_in_the_body_that_is_misspelt_is_named(site: Site) -> None:
    status, problem, _ = await site.ask("POST", "messages", body={"name": "paid", "instance": f"hrr:{site.hr[3:]}"})
    assert (status, problem["detail"]) == (404, "No such instance, or it has ended. Did you mean `hr`?")


async def test_engine_in_front_of_a_task_that_is_misspelt_is_named(site: Site) -> None:
    status, problem, _ = await site.ask("POST", "tasks", "hrr:1", "complete", body={})
    assert (status, problem["code"]) == (400, "invalid-request")
    assert problem["detail"].endswith(" Did you mean `hr`?")


async def test_member_in_fields_that_is_misspelt_is_refused_with_the_one_that_is_meant(site: Site) -> None:
    _, problem, _ = await site.ask("GET", "instances", site.hr, "variables", query="fields=vlaue")
    assert problem["detail"].endswith(" Did you mean `value`?")


MISSPELT = {
    "read": ("GET", (), {}),
    "content": ("GET", ("data",), {}),
    "read of the execution": ("GET", (), {"query": "scope=execution:{native}"}),
    "content of the execution": ("GET", ("data",), {"query": "scope=execution:{native}"}),
    "patch of the value": (
        "PATCH", (), {"body": [{"op": "add", "path": "/a", "value": 1}], "Content_Type": "application/json-patch+json"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSPELT)
async def test_misspelt_variable_of_camunda_is_named_after_one_more_read(site: Site, case: str) -> None:
    (method, rest, more), native = MISSPELT[case], site.hr.partition(":")[2]
    more = more | {"query": more.get("query", "").format(native=native)}
    status, problem, _ = await site.ask(method, "instances", site.hr, "variables", "amuont", *rest, **more)
    assert (status, problem["code"]) == (404, "variable-not-found")
    assert problem["detail"] == "The instance has no such variable. Did you mean `amount`?"
    assert site.sent[-1].body == json.dumps({"variableScopeIdIn": [native]}, separators=(",", ":")).encode()
    assert dict(site.sent[-1].query)["maxResults"] == "100"


async def test_misspelt_variable_of_camunda_that_ended_is_not_looked_for(site: Site) -> None:
    site.fakes["hr"].end(site.hr.partition(":")[2])
    status, problem, _ = await site.ask("GET", "instances", site.hr, "variables", "amuont", query="state=any")
    assert (status, problem["detail"]) == (404, "The instance has no such variable")
    assert b"variableScopeIdIn" not in bytes(site.sent[-1].body)


@pytest.mark.parametrize(
    ("method", "rest", "body", "kind"),
    [
        ("GET", (), None, None),
        ("GET", ("data",), None, None),
        ("PATCH", (), [{"op": "add", "path": "/a", "value": 1}], "application/json-patch+json"),
        ("PUT", (), {"value": 1}, None),
        ("DELETE", (), None, None),
    ],
    ids=["read", "content", "patch of the value", "write", "deletion"],
)
async def test_variable_that_is_misspelt_is_named_where_the_plan_has_read_the_list(
    site: Site, method: str, rest: tuple[str, ...], body: Any, kind: str | None
) -> None:
    path = ("instances", site.claims, "variables", "amuont", *rest)
    headers = {} if kind is None else {"Content_Type": kind}
    status, problem, _ = await site.ask(method, *path, body=body, **headers)
    assert (status, problem["code"]) == (404, "variable-not-found")
    assert problem["detail"] == "The instance has no such variable. Did you mean `amount`?"


async def test_misspelt_variable_and_engine_are_named_in_the_items_of_a_batch(site: Site) -> None:
    change = {"modifications": {"amuont": {"value": 1}}}
    items = [{"instance": site.claims, **change}, {"instance": "claim:1355", **change}]
    _, body, _ = await site.ask("POST", "variables", "batch", body={"items": items})
    assert [item["problem"]["detail"] for item in body["items"]] == [
        "The instance has no such variable. Did you mean `amount`?",
        "No such instance, or it has ended. Did you mean `claims`?",
    ]


async def test_variable_that_the_caller_may_not_touch_is_not_named_to_its_write(started: Any) -> None:
    site = await started(Site(Access((entry(variables=("amu*",)),))))
    status, problem, _ = await site.ask(
        "PUT", "instances", site.claims, "variables", "amuont", body={"value": 1}, **KEY
    )
    assert (status, problem["detail"]) == (404, "The instance has no such variable")


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_variable_that_the_caller_may_not_touch_is_never_named(started: Any, owner: str) -> None:
    site = await started(Site(Access((entry(variables=("amu*",)),))))
    status, problem, _ = await site.ask("GET", "instances", getattr(site, owner), "variables", "amuont", **KEY)
    assert (status, problem["detail"]) == (404, "The instance has no such variable")


@pytest.mark.parametrize(
    ("path", "closest"),
    [
        ("/v1/engines/", "/v1/engines"),
        ("/v1//engines", "/v1/engines"),
        ("/engines", "/v1/engines"),
        ("/v1/engine/hr", "/v1/engines/{engine}"),
        ("/v1/instances/hr:1/variables/", "/v1/instances/{instance}/variables"),
        ("/v1/instances/hr:1/variables//data", "/v1/instances/{instance}/variables/{name}/data"),
        ("/v1/instance/hr:1/variable", "/v1/instances/{instance}/variables"),
        ("/v1/variables/querry", "/v1/variables/query"),
        ("/nothing/at/all", None),
        ("/v1", None),
    ],
    ids=lambda each: str(each),
)
async def test_path_that_leads_nowhere_is_refused_with_the_route_that_is_meant(
    site: Site, path: str, closest: str | None
) -> None:
    url = URL(f"http://127.0.0.1:{site.port}{path}", encoded=True)
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        problem = await answer.json(content_type=None)
    assert (answer.status, problem["code"]) == (404, "route-not-found")
    more = "" if closest is None else f". Did you mean `{closest}`?"
    assert problem["detail"] == "There is nothing at this path" + more


JSON_BODIES = {
    "patch": (SET, b'{"modifications":{"note":{"value":"x"}}}', "application/json", 204),
    "merge patch": (SET, b'{"note":"x"}', "application/merge-patch+json", 204),
    "typed value": (ONE, b'{"value":5}', "application/json", 204),
    "merge patch of a value": (("PATCH", *ONE[1:]), b"7", "application/merge-patch+json", 200),
    "JSON patch": (
        ("PATCH", "instances", "{claims}", "variables", "customer"),
        b'[{"op":"test","path":"","value":1}]', "application/json-patch+json", 412,
    ),
    "batch": (BATCH, b'{"items":[{"instance":"hr:1","deletions":["a"]}]}', "application/json", 207),
    "query": (QUERY, b'{"variableName":"a"}', "application/json", 200),
    "count": (COUNT, b'{"variableName":"a"}', "application/json", 200),
    "modification": (MOVE, b'{"instructions":[]}', "application/json", 400),
}  # fmt: skip


@pytest.mark.parametrize("kind", JSON_BODIES)
async def test_body_with_a_byte_order_mark_is_taken_as_one_without(site: Site, kind: str) -> None:
    (method, *path), body, media_type, expected = JSON_BODIES[kind]
    where = [part.format(hr=site.hr, claims=site.claims) for part in path]
    plain = await site.ask(method, *where, body=body, Content_Type=media_type)
    marked = await site.ask(method, *where, body=codecs.BOM_UTF8 + body, Content_Type=media_type)
    assert plain[0] == marked[0] == expected
    assert [each and each.get("code") for each in (plain[1], marked[1])] == [plain[1] and plain[1].get("code")] * 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
async def test_body_in_another_encoding_is_refused_with_the_reason(site: Site, encoding: str) -> None:
    body = '{"modifications":{}}'.encode(encoding)
    status, problem, _ = await site.ask(*SET[:2], site.hr, "variables", body=body)
    assert (status, problem["code"]) == (400, "invalid-json")
    assert problem["detail"] == "The body is in UTF-16 or UTF-32; JSON is taken in UTF-8 only."


async def test_second_byte_order_mark_is_not_dropped(site: Site) -> None:
    status, problem, _ = await site.ask(
        "PUT", "instances", site.hr, "variables", "a", body=codecs.BOM_UTF8 * 2 + b'{"value":5}'
    )
    assert (status, problem["code"]) == (400, "invalid-json")

"""One intent said in three dialects sends the same requests to the engine, whichever vendor owns the instance."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import pytest

from adapters.camunda7.fake.places import Stored
from adapters.ibm_bpm.fake.convert import ANY
from adapters.ibm_bpm.fake.tokens import CHECK, DECIDE, task_of
from tests.web.across import SCOPES, Across, Answer, across

LIMITED = {"masked": ["nothing"]}
"""Masks: then requests at the owner of the same vendor are carried out as commands too."""
KEY = {"X_Api_Key": "secret"}
Said = tuple[str, str, Any]
FORM = {"Content_Type": "multipart/form-data; boundary=b"}
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="data"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="valueType"\r\n\r\nFile\r\n--b--\r\n'
)


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(LIMITED, engines={"claims": {"binary": "base64"}}) as made:
        ibm, own = made.fakes["claims"].instances[made.claims], made.fakes["hr"].instances[made.hr]
        ibm.shapes["scan"], ibm.variables["scan"] = ANY, "c29tZXRoaW5n"
        own.variables["scan"] = Stored(id="scan", name="scan", type="Bytes", value="c29tZXRoaW5n", info={})
        yield made


def camunda(method: str, path: str, body: Any = None) -> Said:
    return method, f"/engine-rest/process-instance/{{id}}{path}", body


def ibm(method: str, path: str, body: Any = None) -> Said:
    return method, f"/rest/bpm/wle/v1/process/{{id}}{path}", body


def v1(method: str, path: str, body: Any = None) -> Said:
    return method, f"/v1/instances/{{id}}{path}", body


METADATA = {"objectID": "x", "dirty": False, "shared": False, "className": "Customer"}
ADA = {"name": "Ada", "tags": ["new", None]}
POSITIONS = [{"text": "glass", "price": 1.5}]
WRAPPED = {
    "name": "Ada",
    "tags": {"selected": [], "items": ["new", None], "@metadata": {"objectID": "y"}},
    "@metadata": METADATA,
}
INTENTS = {
    "describe": (camunda("GET", ""), ibm("GET", "?parts=header"), v1("GET", "")),
    "list": (
        camunda("GET", "/variables?deserializeValues=false"),
        ibm("GET", "?parts=data"),
        v1("GET", "/variables"),
    ),
    "read one": (camunda("GET", "/variables/note?deserializeValue=true"), v1("GET", "/variables/note")),
    "set one": (
        camunda("PUT", "/variables/note", {"value": "x"}),
        ibm("PUT", "/variables", {"note": "x"}),
        v1("PUT", "/variables/note", {"value": "x"}),
    ),
    "set an object": (
        camunda("PUT", "/variables/customer", {"value": ADA}),
        ibm("PUT", "/variable/customer", WRAPPED),
        v1("PUT", "/variables/customer", {"value": ADA}),
    ),
    "set a list": (
        camunda("PUT", "/variables/positions", {"value": POSITIONS}),
        ibm("PUT", "/variable/positions", {"items": [{**POSITIONS[0], "@metadata": {"objectID": "z"}}]}),
        v1("PUT", "/variables/positions", {"value": POSITIONS}),
    ),
    "patch": (
        camunda("POST", "/variables", {"modifications": {"amount": {"value": 5}, "note": {"value": "a\\b\u20ac"}}}),
        ibm("PUT", "/variables", {"amount": 5, "note": "a\\b\u20ac"}),
        v1("PATCH", "/variables", {"modifications": {"amount": {"value": 5}, "note": {"value": "a\\b\u20ac"}}}),
    ),
    "set to null": (
        camunda("POST", "/variables", {"modifications": {"note": {"value": None}}}),
        ibm("PUT", "/variables", {"note": None}),
        v1("PATCH", "/variables", {"modifications": {"note": {"value": None}}}),
    ),
    "read content": (camunda("GET", "/variables/scan/data"), v1("GET", "/variables/scan/data")),
    "write content": (camunda("POST", "/variables/scan/data", UPLOAD), v1("POST", "/variables/scan/data", UPLOAD)),
    "delete": (camunda("DELETE", "/variables/note"), v1("DELETE", "/variables/note")),
    "patch and delete": (
        camunda("POST", "/variables", {"modifications": {"amount": {"value": 5}}, "deletions": ["note", "amount"]}),
        v1("PATCH", "/variables", {"modifications": {"amount": {"value": 5}}, "deletions": ["note", "amount"]}),
    ),
    "set with types": (
        camunda("POST", "/variables", {"modifications": {"pages": {"value": 5, "type": "Integer"}}}),
        v1("PATCH", "/variables", {"modifications": {"pages": {"value": 5, "type": "integer", "format": "int32"}}}),
    ),
    "set a date": (
        camunda("PUT", "/variables/received", {"value": "2026-01-25T01:00:00.000+0100", "type": "Date"}),
        v1("PUT", "/variables/received", {"value": "2026-01-25T00:00:00Z", "type": "date-time"}),
    ),
    "set a JSON text": (
        camunda("PUT", "/variables/customer", {"value": '{"name":"Bo"}', "type": "Json", "valueInfo": {}}),
        v1("PUT", "/variables/customer", {"value": {"name": "Bo"}, "type": "json"}),
    ),
    "set an object of a class": (
        camunda(
            "PUT",
            "/variables/customer",
            {
                "value": '{"a":1}',
                "type": "Object",
                "valueInfo": {"objectTypeName": "C", "serializationDataFormat": "application/json"},
            },
        ),
        v1("PUT", "/variables/customer", {"value": {"a": 1}, "type": "object", "className": "C"}),
    ),
    "set a name that no path carries": (
        camunda("POST", "/variables", {"modifications": {"..": {"value": 1}, "a/b;c": {"value": 2}}}),
        ibm("PUT", "/variables", {"..": 1, "a/b;c": 2}),
        v1("PATCH", "/variables", {"modifications": {"..": {"value": 1}, "a/b;c": {"value": 2}}}),
    ),
}


PLACES = {"hr": ("review", "review"), "claims": (CHECK, DECIDE)}
"""Where the token of an instance is, and where it may go."""


def moved_token(token: str, there: str) -> dict[str, Any]:
    steps = [
        {"type": "startBeforeActivity", "activityId": there},
        {"type": "cancel", "activityInstanceId": token},
    ]
    return {"instructions": steps}


def moved(here: str, there: str, pages: Any = None) -> dict[str, Any]:
    brought = {} if pages is None else {"variables": {"pages": pages, "note": {"value": "x"}}}
    steps = [{"type": "cancel", "activityId": here}, {"type": "startBeforeActivity", "activityId": there, **brought}]
    return {"instructions": steps}


MOVES = {
    "list activities": lambda *_: (
        camunda("GET", "/activity-instances"),
        ibm("GET", "?parts=executionTree"),
        v1("GET", "/activities"),
    ),
    "move": lambda here, there, _: (
        camunda("POST", "/modification", moved(here, there)),
        v1("POST", "/modification", moved(here, there)),
    ),
    "move a token": lambda _here, there, token: (
        camunda("POST", "/modification", moved_token(token, there)),
        ibm("POST", f"?action=moveToken&tokenId={token}&target={there}&parts=none"),
        v1("POST", "/modification", moved_token(token, there)),
    ),
    "move with variables and a note": lambda here, there, _: (
        camunda("POST", "/modification", moved(here, there, {"value": 5, "type": "Integer"}) | {"annotation": "why"}),
        v1(
            "POST",
            "/modification",
            moved(here, there, {"value": 5, "type": "integer", "format": "int32"}) | {"annotation": "why"},
        ),
    ),
}
"""What is said of tokens, by the places of the owner and the id of its token."""


def searched(
    filters: dict[str, Any], query: str = "", *, path: str = "", **asked: Any
) -> Callable[[str], tuple[Said, ...]]:
    """A search in a body, by the instance that is named in it: as Camunda says it, and as ``/v1`` does."""

    def said(instance: str) -> tuple[Said, ...]:
        theirs = {"processInstanceIdIn": [instance], **filters}
        ours = {"instanceIdIn": [instance], **filters, **asked}
        return (
            ("POST", f"/engine-rest/variable-instance{path}{query}", theirs),
            ("POST", f"/v1/variables/query{path}", ours),
        )

    return said


def found(filters: dict[str, Any], ours: str, query: str = "") -> Callable[[str], tuple[Said, ...]]:
    """A search for instances on the engines that an instance's definition is on."""

    def said(instance: str) -> tuple[Said, ...]:
        definition = {"hr": "invoice", "claims": "Claim"}[instance.partition(":")[0]]
        theirs = {name: text.replace("DEFINITION", definition) for name, text in filters.items()}
        asked = ours.replace("DEFINITION", definition)
        return ("POST", f"/engine-rest/process-instance{query}", theirs), ("GET", f"/v1/instances?{asked}", None)

    return said


SEARCHES = {
    "query": searched({}, "?maxResults=7", limit=7),
    "query all": searched({"variableNameLike": "a%"}, "?deserializeValues=false", limit=1000),
    "query in order": searched(
        {"sorting": [{"sortBy": "variableType", "sortOrder": "desc"}, {"sortBy": "variableName", "sortOrder": "asc"}]},
        "?maxResults=5",
        limit=5,
    ),
    "query by value": searched(
        {
            "variableValues": [
                {"name": "amount", "operator": "gteq", "value": 5},
                {"name": "amount", "operator": "lt", "value": 1e9},
            ],
            "variableNamesIgnoreCase": True,
        },
        limit=1000,
    ),
    "query a date": searched(
        {"variableValues": [{"name": "received", "operator": "gt", "value": "2013-01-23T13:42:42.000+0000"}]},
        limit=1000,
    ),
    "find": found({"processDefinitionKey": "DEFINITION"}, "definition=DEFINITION&limit=1000"),
    "find a page": found({"processDefinitionKey": "DEFINITION"}, "definition=DEFINITION&limit=5", "?maxResults=5"),
    "count": searched({"variableName": "note"}, path="/count"),
}
"""What is asked for on many instances."""


COMPLETIONS = {
    "complete": ({}, {}),
    "complete with variables": (
        {"note": {"value": "x"}, "pages": {"value": 5}, "customer": {"value": '{"name":"Bo"}', "type": "Json"}},
        {"note": "x", "pages": 5, "customer": {"name": "Bo"}},
    ),
}
"""Variables of a completion in Camunda's language, and as plain JSON."""


STARTS = {"hr": "review", "claims": "Claim"}


@pytest.mark.parametrize("owner", STARTS)
async def test_one_start_in_three_dialects_sends_the_same(owner: str) -> None:
    definition, values = STARTS[owner], {"note": "x", "pages": 5}
    given = {name: {"value": value} for name, value in values.items()}
    rules = {"start": [{"definition": each, "engine": name} for name, each in STARTS.items()]}
    seen: list[list[tuple[Any, ...]]] = []
    for method, target, body in (
        ("POST", f"/engine-rest/process-definition/key/{definition}/start", {"variables": given}),
        (
            "POST",
            f"/rest/bpm/wle/v1/process?action=start&bpdId={definition}&parts=header&params={quote(json.dumps(values))}",
            None,
        ),
        ("POST", "/v1/instances", {"definition": definition, "variables": given}),
    ):
        async with across(LIMITED | {"scopes": [*SCOPES, "instances:start"]}, routing=rules) as site:
            answer, sent = await sent_by(site, (method, target, body), "")
        assert answer.status < 300, answer.body
        # a door asks its own engine, too, whether it has an instance of the new one's id
        seen.append([each for each in sent if each[0] == owner])
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][-1][1] == "POST"


def task_in(site: Across, owner: str) -> str:
    if owner == "claims":
        return task_of(site.claims, next(iter(site.fakes[owner].instances[site.claims].tokens.at)))
    places = site.fakes[owner].instances[site.hr].places
    return next(place.id for place in places.values() if place.kind == "task")


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("intent", COMPLETIONS)
async def test_one_completion_in_three_dialects_sends_the_same(site: Across, intent: str, owner: str) -> None:
    task = f"{owner}:{task_in(site, owner)}"
    typed, plain = COMPLETIONS[intent]
    v1_typed = {name: {"value": plain[name]} | ({"type": "json"} if name == "customer" else {}) for name in plain}
    before = copy.deepcopy((site.fakes[owner].instances, getattr(site.fakes[owner], "ended", None)))
    seen: list[list[tuple[Any, ...]]] = []
    for said in (
        ("POST", f"/engine-rest/task/{task}/complete", {"variables": typed}),
        ("PUT", f"/rest/bpm/wle/v1/task/{task}?action=finish&params={quote(json.dumps(plain))}", None),
        ("POST", f"/v1/tasks/{task}/complete", {"variables": v1_typed}),
    ):
        site.fakes[owner].instances, site.fakes[owner].ended = copy.deepcopy(before)
        answer, sent = await sent_by(site, said, "")
        assert answer.status < 300, answer.body
        seen.append(sent)
    assert seen[0] == seen[1] == seen[2]
    assert [method for _, method, *_ in seen[0]] == ["GET", "POST" if owner == "hr" else "PUT"]


UNDECLARED = {("set a name that no path carries", "claims"), ("set an object of a class", "claims")}
"""What the fake of IBM's server refuses, since the model of its instance declares no such name or class."""


async def sent_by(site: Across, said: Said, instance: str) -> tuple[Answer, list[tuple[Any, ...]]]:
    """The answer, and what the engines were sent to come to it."""
    method, target, body = said
    site.forget()
    sent = {"raw": body, **FORM} if isinstance(body, bytes) else {"body": body}
    answer = await site.ask(method, target.format(id=instance), **sent, **KEY)
    return answer, [(engine, each.method, each.path, each.query, each.body) for engine, each in site.planned]


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("intent", INTENTS)
async def test_one_intent_in_three_dialects_sends_the_same(site: Across, intent: str, owner: str) -> None:
    instance = f"{owner}:{getattr(site, owner)}"
    before = copy.deepcopy(site.fakes[owner].instances)
    seen: list[tuple[bool, list[tuple[Any, ...]]]] = []
    for said in INTENTS[intent]:
        site.fakes[owner].instances = copy.deepcopy(before)
        answer, sent = await sent_by(site, said, instance)
        seen.append((answer.status < 300, sent))
    assert all(each == seen[0] for each in seen)
    succeeded, sent = seen[0]
    assert sent
    assert succeeded == ((intent, owner) not in UNDECLARED)


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("intent", MOVES)
async def test_one_intent_on_tokens_sends_the_same(site: Across, intent: str, owner: str) -> None:
    instance = f"{owner}:{getattr(site, owner)}"
    before = copy.deepcopy(site.fakes[owner].instances)
    seen: list[tuple[bool, list[tuple[Any, ...]]]] = []
    tokens = before[getattr(site, owner)].tokens
    (token,) = tokens if owner == "hr" else tokens.at
    for said in MOVES[intent](*PLACES[owner], token):
        site.fakes[owner].instances = copy.deepcopy(before)
        answer, sent = await sent_by(site, said, instance)
        seen.append((answer.status < 300, sent))
    assert all(each == seen[0] for each in seen)
    succeeded, sent = seen[0]
    assert (succeeded, bool(sent)) == (True, True)


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("intent", SEARCHES)
async def test_one_search_in_two_dialects_sends_the_same(intent: str, owner: str) -> None:
    async with across({}, doors={"hr": {"federated": True}}) as site:
        camundas, ours = SEARCHES[intent](f"{owner}:{getattr(site, owner)}")
        answer, sent = await sent_by(site, camundas, "")
        expected, requests = await sent_by(site, ours, "")
        assert (answer.status, expected.status, sorted(sent, key=repr)) == (200, 200, sorted(requests, key=repr))
        assert sent
        if "items" in expected.json:
            assert [each.get("name") for each in answer.json] == [each.get("name") for each in expected.json["items"]]


@pytest.mark.parametrize("intent", INTENTS)
async def test_the_owner_is_found_by_the_bare_id_in_every_dialect(site: Across, intent: str) -> None:
    for owner in ("hr", "claims"):
        instance = getattr(site, owner)
        _, expected = await sent_by(site, INTENTS[intent][-1], f"{owner}:{instance}")
        for said in INTENTS[intent][:-1]:
            _, first = await sent_by(site, said, instance)
            _, again = await sent_by(site, said, instance)
            assert {engine for engine, *_ in again} == {owner}
            assert first[-1][:3] == expected[-1][:3]


VALUES = [
    ("note", "x\u20ac\\\n"), ("note", ""), ("note", None), ("pages", -7), ("amount", 0.1), ("approved", True),
    ("customer", {"name": "Bo", "tags": ["a", "b"]}), ("positions", [{"text": "t", "price": 2.5}, {"text": None, "price": 1.5}]),
    ("positions", []),
]  # fmt: skip


def as_json_text(value: Any) -> dict[str, Any]:
    """A variable as Camunda takes it: of an array or object without a type the engine itself would make a Java object."""
    return {"value": json.dumps(value), "type": "Json"} if isinstance(value, dict | list) else {"value": value}


WRITERS = {
    "camunda": lambda name, value: camunda("PUT", f"/variables/{name}", as_json_text(value)),
    "ibm": lambda name, value: ibm("PUT", "/variables", {name: value}),
    "v1": lambda name, value: v1("PUT", f"/variables/{name}", {"value": value}),
}


def clean(node: Any) -> Any:
    """A value of IBM's without what the vendor adds."""
    if isinstance(node, list):
        return [clean(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "selected" in node:
        return clean(node["items"])
    return {key: clean(each) for key, each in node.items() if key != "@metadata"}


async def read_everywhere(site: Across, instance: str, name: str) -> list[Any]:
    shown = (await site.camunda("GET", f"/process-instance/{instance}/variables/{name}?deserializeValue=false")).json
    structured = shown["type"] in {"Json", "Object"} and shown["value"] is not None
    variables = (await site.ibm("GET", f"/process/{instance}?parts=data")).json["data"]["variables"]
    return [
        json.loads(shown["value"]) if structured else shown["value"],
        clean(variables[name]),
        (await site.v1("GET", f"/instances/{instance}/variables/{name}")).json["value"],
    ]


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("name", "value"), VALUES)
async def test_what_is_written_at_one_door_is_read_at_all(name: str, value: Any, writer: str, owner: str) -> None:
    async with across() as site:
        instance = getattr(site, owner)
        method, target, body = WRITERS[writer](name, value)
        answer = await site.ask(method, target.format(id=instance), body)
        assert answer.status < 300, answer.body
        assert await read_everywhere(site, instance, name) == [value] * 3

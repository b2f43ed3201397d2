"""Bad bodies in each vendor's language, on instances of either vendor: that vendor's own kind of answer, nothing applied.

The caller has a mask, so that its requests are carried out as commands at an owner of its own vendor, too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import product
from urllib.parse import quote

import pytest

from gateway.model.jsontext import Number
from tests.web.across import Across, across
from tests.web.limited import FORM, KEY, MASKED, MEDIA, OWNERS, STARTS, is_camundas, is_ibms, named, stored, task_on


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(MASKED, routing=STARTS) as made:
        yield made


# Bodies

BODIES: list[tuple[str, bytes, dict[str, str], int]] = [
    ("malformed", b'{"a":', {}, 400),
    ("trailing comma", b'{"a":{},}', {}, 400),
    ("no quotes", b"{a:1}", {}, 400),
    ("NaN", b'{"a":NaN}', {}, 400),
    ("array", b"[{}]", {}, 400),
    ("text", b'"x"', {}, 400),
    ("number", b"1", {}, 400),
    ("null", b"null", {}, 400),
    ("nothing", b"", {}, 400),
    ("blank", b" \n", {}, 400),
    ("two texts", b"{} {}", {}, 400),
    ("no UTF-8", b'{"\xff":1}', {}, 400),
    ("UTF-16", '{"a":1}'.encode("utf-16"), {}, 400),
    ("half a character", b'{"a":{"value":"\\ud800"}}', {}, 400),
    ("member twice", b'{"a":{"value":1},"a":{"value":2}}', {}, 400),
    ("XML", b"<a/>", {"Content_Type": "application/xml"}, 415),
    ("XML said to be JSON", b"<a/>", {}, 400),
    ("plain text", b"{}", {"Content_Type": "text/plain"}, 415),
    ("form", b"a=1", {"Content_Type": FORM}, 415),
    ("packed", b"{}", {"Content_Encoding": "gzip"}, 415),
    ("too deep", b'{"a":' * 100 + b"1" + b"}" * 100, {}, 413),
    ("too long", b'{"a":"' + b"x" * 11_000_000 + b'"}', {}, 413),
]
CAMUNDA_CALLS = {
    "patch": ("POST", "/process-instance/{id}/variables"),
    "put": ("PUT", "/process-instance/{id}/variables/note"),
    "patch of an execution": ("POST", "/execution/{id}/localVariables"),
    "put of an execution": ("PUT", "/execution/{id}/localVariables/note"),
    "modification": ("POST", "/process-instance/{id}/modification"),
    "start": ("POST", "/process-definition/key/on-{owner}/start"),
    "form of a start": ("POST", "/process-definition/key/on-{owner}/submit-form"),
    "completion": ("POST", "/task/{task}/complete"),
    "form of a completion": ("POST", "/task/{task}/submit-form"),
}
IBM_CALLS = {"variables": ("PUT", "/process/{id}/variables"), "variable": ("PUT", "/process/{id}/variable/note")}


@pytest.mark.parametrize(("body", "headers", "status"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_bad_body_in_camundas_language(site: Across, body: bytes, headers: dict[str, str], status: int) -> None:
    answered = {}
    for owner, (call, (method, path)) in product(OWNERS, CAMUNDA_CALLS.items()):
        target = path.format(id=named(site, owner), owner=owner, task=task_on(site, owner))
        answer = await site.camunda(method, target, raw=body, **headers, **KEY)
        answered[owner, call] = (answer.status, is_camundas(answer))
    assert answered == dict.fromkeys(product(OWNERS, CAMUNDA_CALLS), (status, True))
    assert site.engines == []


@pytest.mark.parametrize(("body", "headers", "status"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_bad_body_in_ibms_language(site: Across, body: bytes, headers: dict[str, str], status: int) -> None:
    answered = {}
    for owner, accept, (call, (method, path)) in product(OWNERS, MEDIA, IBM_CALLS.items()):
        answer = await site.ibm(method, path.format(id=named(site, owner)), raw=body, Accept=accept, **headers, **KEY)
        answered[owner, accept, call] = (answer.status, is_ibms(answer, accept))
    assert answered == dict.fromkeys(product(OWNERS, MEDIA, IBM_CALLS), (status, True))
    assert site.engines == []


# Members and names in bodies

CAMUNDA_BAD: list[tuple[str, str, bytes, int]] = [
    ("unknown member", "", b'{"variables":{"note":{"value":1}}}', 400),
    ("modifications as a list", "", b'{"modifications":[{"note":1}]}', 400),
    ("deletions as an object", "", b'{"deletions":{"note":1}}', 400),
    ("deletion that is a number", "", b'{"deletions":[1]}', 400),
    ("set of names twice", "", b'{"deletions":["a"],"deletions":["b"]}', 400),
    ("name twice", "", b'{"modifications":{"note":{"value":1},"note":{"value":2}}}', 400),
    ("scalar for a value", "", b'{"modifications":{"note":5}}', 400),
    ("unknown member of a value", "", b'{"modifications":{"note":{"valu":5}}}', 400),
    ("unknown type", "", b'{"modifications":{"note":{"value":5,"type":"integer32"}}}', 400),
    ("type that is a number", "", b'{"modifications":{"note":{"value":5,"type":1}}}', 400),
    ("valueInfo that is a list", "", b'{"modifications":{"note":{"value":"{}","type":"Object","valueInfo":[]}}}', 400),
    ("number beyond its type", "", b'{"modifications":{"note":{"value":5000000000,"type":"Integer"}}}', 400),
    ("text for a number", "", b'{"modifications":{"note":{"value":"x","type":"Double"}}}', 400),
    ("date that is none", "", b'{"modifications":{"note":{"value":"2026-02-30","type":"Date"}}}', 400),
    ("text that is no JSON", "", b'{"modifications":{"note":{"value":"{","type":"Json"}}}', 400),
    ("long name", "", b'{"deletions":["%s"]}' % (b"x" * 300), 400),
    ("member twice in a value", "/note", b'{"value":1,"value":2}', 400),
    ("unknown member beside a value", "/note", b'{"value":1,"scope":"x"}', 400),
    ("too many names", "", json.dumps({"deletions": [f"n{at}" for at in range(10_001)]}).encode(), 413),
]
IBM_BAD: list[tuple[str, str, bytes, int]] = [
    ("name twice", "variables", b'{"note":1,"note":2}', 400),
    ("member twice in a value", "variables", b'{"customer":{"name":"a","name":"b"}}', 400),
    ("something is selected", "variables", b'{"note":{"selected":[0],"items":[1],"@metadata":{}}}', 400),
    ("long name", "variables", b'{"%s":1}' % (b"x" * 300), 400),
    ("text for one variable", "variable/note", b'"x"', 400),
    ("list for one variable", "variable/note", b'["x"]', 400),
    ("null for one variable", "variable/note", b"null", 400),
    ("too many names", "variables", json.dumps({f"n{at}": at for at in range(10_001)}).encode(), 413),
]


PARAMS: list[tuple[str, str, int]] = [
    ("malformed", "{", 400),
    ("array", "[]", 400),
    ("text", '"x"', 400),
    ("null", "null", 400),
    ("two texts", "{}{}", 400),
    ("half a character", '{"a":"\\ud800"}', 400),
    ("name twice", '{"note":1,"note":2}', 400),
    ("long name", '{"%s":1}' % ("x" * 300), 400),
    ("too deep", '{"a":' * 100 + "1" + "}" * 100, 413),
]
IBM_ACTIONS = {
    "completion": ("PUT", "/task/{task}?action=finish"),
    "other word for a completion": ("POST", "/task/{task}?action=complete"),
}


@pytest.mark.parametrize(("params", "status"), [each[1:] for each in PARAMS], ids=[each[0] for each in PARAMS])
async def test_bad_params_in_ibms_language(site: Across, params: str, status: int) -> None:
    answered = {}
    for owner, accept, (call, (method, path)) in product(OWNERS, MEDIA, IBM_ACTIONS.items()):
        target = path.format(owner=owner, task=task_on(site, owner)) + f"&params={quote(params)}"
        answer = await site.ibm(method, target, Accept=accept, Content_Length="0", **KEY)
        answered[owner, accept, call] = (answer.status, is_ibms(answer, accept))
    assert answered == dict.fromkeys(product(OWNERS, MEDIA, IBM_ACTIONS), (status, True))
    assert not any(each.writes for _, each in site.planned)


@pytest.mark.parametrize(
    ("below", "body", "status"), [each[1:] for each in CAMUNDA_BAD], ids=[each[0] for each in CAMUNDA_BAD]
)
async def test_bad_member_in_camundas_language(site: Across, below: str, body: bytes, status: int) -> None:
    for owner in OWNERS:
        answer = await site.camunda(
            "PUT" if below else "POST", f"/process-instance/{named(site, owner)}/variables{below}", raw=body, **KEY
        )
        assert (owner, answer.status, is_camundas(answer)) == (owner, status, True)
    assert not any(each.writes for _, each in site.planned)


@pytest.mark.parametrize(("below", "body", "status"), [each[1:] for each in IBM_BAD], ids=[each[0] for each in IBM_BAD])
async def test_bad_member_in_ibms_language(site: Across, below: str, body: bytes, status: int) -> None:
    for owner, accept in product(OWNERS, MEDIA):
        answer = await site.ibm("PUT", f"/process/{named(site, owner)}/{below}", raw=body, Accept=accept, **KEY)
        assert (owner, answer.status, is_ibms(answer, accept)) == (owner, status, True)
    assert not any(each.writes for _, each in site.planned)


async def test_ten_thousand_names_are_written_at_once_or_none_is(site: Across) -> None:
    names = [f"n{at}" for at in range(10_000)]
    modifications = {name: {"value": at, "type": "Integer"} for at, name in enumerate(names)}
    body = {"modifications": modifications}
    assert (await site.camunda("POST", f"/process-instance/{named(site, 'hr')}/variables", body, **KEY)).status == 204
    assert (
        await site.ibm("PUT", f"/process/{named(site, 'hr')}/variables", dict.fromkeys(names, 7), **KEY)
    ).status == 200
    written = site.fakes["hr"].instances[site.hr].variables
    assert all(written[name].value == Number("7") for name in names)
    before = stored(site)
    undeclared = await site.camunda("POST", f"/process-instance/{named(site, 'claims')}/variables", body, **KEY)
    assert (undeclared.status, is_camundas(undeclared), stored(site) == before) == (404, True, True)


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "a;b", "a%2Fb", "a\\b", "a\nb", " ", "a.b", "items", "@x", "é", "😀"]
)
async def test_odd_name_in_a_body_is_that_name(site: Across, name: str) -> None:
    path = f"/process-instance/{named(site, 'hr')}/variables"
    given = {"modifications": {name: {"value": "x", "type": "String"}}}
    assert (await site.camunda("POST", path, given, **KEY)).status == 204
    assert site.fakes["hr"].instances[site.hr].variables[name].value == "x"
    assert (await site.ibm("PUT", f"/process/{named(site, 'hr')}/variables", {name: "y"}, **KEY)).status == 200
    read = (await site.ibm("GET", f"/process/{named(site, 'hr')}?parts=data", **KEY)).json
    assert read["data"]["variables"][name] == "y"
    listed = (await site.camunda("GET", path, **KEY)).json
    assert listed[name] == {"type": "String", "value": "y", "valueInfo": {}}
    undeclared = await site.camunda("POST", f"/process-instance/{named(site, 'claims')}/variables", given, **KEY)
    assert (undeclared.status, is_camundas(undeclared)) == (404, True)

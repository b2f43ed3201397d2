"""Bad input in each vendor's language, on instances of either vendor: that vendor's own kind of answer, nothing applied.

The caller has a mask, so that its requests are carried out as commands at an owner of its own vendor, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import product
from xml.etree import ElementTree as ET

import pytest

from adapters import camunda7, ibm_bpm
from gateway.model.jsontext import Number
from tests.web.across import SCOPES, Across, Answer, across

CAMUNDA, IBM = camunda7.VENDOR.fake, ibm_bpm.VENDOR.fake
KEY = {"X_Api_Key": "secret"}
MASKED = {"masked": ["nothing of these"], "scopes": [*SCOPES, "instances:start"]}
OWNERS = ("hr", "claims")
MEDIA = ("application/json", "application/xml")
STARTS = {"start": [{"definition": f"on-{owner}", "engine": owner} for owner in OWNERS]}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(MASKED, routing=STARTS) as made:
        yield made


def named(site: Across, owner: str) -> str:
    return f"{owner}:{getattr(site, owner)}"


def is_camundas(answer: Answer) -> bool:
    return list(answer.json) == ["type", "message", "code"] and answer.headers["content-type"] == "application/json"


def is_ibms(answer: Answer, accept: str = "application/json") -> bool:
    if answer.headers["content-type"] != accept:
        return False
    if accept == "application/xml":
        root = ET.fromstring(answer.body)
        return root.tag.endswith("}RestRuntimeException") and [each.tag for each in root] == ["status", "Data"]
    data = answer.json["Data"]
    return answer.json["status"] == data["status"] == "error" and data["errorMessage"].startswith(data["errorNumber"])


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
}
IBM_CALLS = {"variables": ("PUT", "/process/{id}/variables"), "variable": ("PUT", "/process/{id}/variable/note")}


@pytest.mark.parametrize(("body", "headers", "status"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_bad_body_in_camundas_language(site: Across, body: bytes, headers: dict[str, str], status: int) -> None:
    answered = {}
    for owner, (call, (method, path)) in product(OWNERS, CAMUNDA_CALLS.items()):
        target = path.format(id=named(site, owner), owner=owner)
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


# Names in paths

NAMES: list[tuple[str, str | None]] = [
    ("..", None), (".", None), ("%2e%2e", None), ("%2E", None), ("a/b", None), ("a//b", None), ("a;b", None),
    ("a;b=c/d", None), ("%FF", None), ("%C3%28", None), ("a%2Fb", "a/b"), ("a%3Bb", "a;b"), ("a+b", "a+b"),
    ("a%20b", "a b"), ("%C3%A9", "é"), ("a%252Fb", "a%2Fb"),
]  # fmt: skip
"""As they are written in a path, and the name that each means; None: it can be read in two ways, or in none."""


@pytest.mark.parametrize(("written", "name"), NAMES, ids=[written for written, _ in NAMES])
async def test_odd_name_in_a_path_is_one_name_or_refused(site: Across, written: str, name: str | None) -> None:
    before = {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS}
    calls = [
        (site.camunda, f"/process-instance/{named(site, 'hr')}/variables/{written}", {"value": "x", "type": "String"}),
        (site.camunda, f"/execution/{named(site, 'hr')}/localVariables/{written}", {"value": "x", "type": "String"}),
        (site.ibm, f"/process/{named(site, 'hr')}/variable/{written}", {"x": 1}),
        (site.camunda, f"/process-instance/{named(site, 'claims')}/variables/{written}", {"value": "x"}),
        (site.ibm, f"/process/{named(site, 'claims')}/variable/{written}", {"x": 1}),
    ]
    answers = [await ask("PUT", path, body, **KEY) for ask, path, body in calls]
    assert [each.status < 300 for each in answers] == [name is not None] * 3 + [False] * 2
    assert [
        is_ibms(each) if at in {2, 4} else is_camundas(each)
        for at, each in enumerate(answers)
        if each.body and each.status >= 400
    ]
    after = {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS}
    assert after == {"hr": before["hr"] | ({name} if name else set()), "claims": before["claims"]}
    for method in ("GET", "DELETE"):
        answer = await site.camunda(method, calls[0][1], **KEY)
        assert (answer.status < 300) == (name is not None)
    assert {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS} == before


# Methods, media, parts


@pytest.mark.parametrize("method", ["BREW", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize(
    "header", ["X_Method_Override", "X_HTTP_Method_Override", ""], ids=lambda name: name or "query"
)
async def test_method_override_into_what_the_path_does_not_take(site: Across, header: str, method: str) -> None:
    more = {header: method} if header else {}
    query = "" if header else f"?x-method-override={method}"
    for owner, accept in product(OWNERS, MEDIA):
        path = f"/process/{named(site, owner)}/variables{query}"
        answer = await site.ibm("POST", path, {}, Accept=accept, **more, **KEY)
        assert (answer.status, is_ibms(answer, accept), b"VBG0008E" in answer.body) == (405, True, True)
    assert not any(each.writes for _, each in site.planned)


async def test_method_that_is_overridden_in_two_ways(site: Across) -> None:
    for owner in OWNERS:
        path = f"/process/{named(site, owner)}/variables?x-method-override=PUT"
        answer = await site.ibm("POST", path, {"note": "x"}, X_Method_Override="DELETE", **KEY)
        assert (answer.status, is_ibms(answer)) == (400, True)
    assert site.engines == []


async def test_override_means_nothing_in_camundas_language(site: Across) -> None:
    for owner in OWNERS:
        path = f"/process-instance/{named(site, owner)}/variables"
        answer = await site.camunda("POST", path, {}, X_HTTP_Method_Override="DELETE", **KEY)
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ("nonsense", "VBG0003E"), ("header%7Cnonsense", "VBG0003E"), ("HEADER", "VBG0003E"), ("all,nonsense", "VBG0003E"),
        ("dataModel", "VBG0002E"), ("data%7Cdiagram", "VBG0002E"), ("header%7C%7Cx", "VBG0003E"),
    ],
    ids=["unknown", "one of two", "capitals", "beside all", "of the vendor alone", "one of the vendor alone", "empty part"],
)  # fmt: skip
async def test_parts_that_there_are_not(site: Across, parts: str, number: str) -> None:
    for owner, accept in product(OWNERS, MEDIA):
        answer = await site.ibm("GET", f"/process/{named(site, owner)}?parts={parts}", Accept=accept, **KEY)
        assert (answer.status, is_ibms(answer, accept), number.encode() in answer.body) == (400, True, True)
    assert site.engines == []


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "text/xml", "image/*"])
async def test_media_that_are_not_spoken(site: Across, accept: str) -> None:
    for owner in OWNERS:
        answer = await site.camunda("GET", f"/process-instance/{named(site, owner)}/variables", Accept=accept, **KEY)
        assert (answer.status, is_camundas(answer)) == (406, True)
        for query in ("?parts=data", "?callback=f"):
            answer = await site.ibm("GET", f"/process/{named(site, owner)}{query}", Accept=accept, **KEY)
            assert (answer.status, is_ibms(answer)) == (406, True)
    assert site.engines == []


# Instances that are not there, have ended, or are on several engines; engines that do not answer

CAMUNDA_WRITES = [
    ("POST", "/process-instance/{id}/variables", {"modifications": {"note": {"value": "x", "type": "String"}}}),
    ("PUT", "/process-instance/{id}/variables/note", {"value": "x", "type": "String"}),
    ("DELETE", "/process-instance/{id}/variables/note", None),
    ("PUT", "/execution/{id}/localVariables/note", {"value": "x", "type": "String"}),
]  # fmt: skip
IBM_WRITES = [("PUT", "/process/{id}/variables", {"note": "x"}), ("PUT", "/process/{id}/variable/note", {"x": 1})]


def stored(site: Across) -> dict[str, dict[str, str]]:
    return {
        name: {instance: repr(of.variables) for instance, of in fake.instances.items()}
        for name, fake in site.fakes.items()
    }


async def write_everywhere(site: Across, ids: tuple[str, ...]) -> list[tuple[str, int, bool]]:
    """Every write in both languages: the language, the status, and whether the answer has its vendor's shape."""
    answered = []
    for instance in ids:
        for method, path, body in CAMUNDA_WRITES:
            answer = await site.camunda(method, path.format(id=instance), body, **KEY)
            answered.append(("camunda7", answer.status, is_camundas(answer)))
        for (method, path, body), accept in product(IBM_WRITES, MEDIA):
            answer = await site.ibm(method, path.format(id=instance), body, Accept=accept, **KEY)
            answered.append(("ibm_bpm", answer.status, is_ibms(answer, accept)))
    return answered


async def test_instance_that_no_engine_has_is_written_nowhere(site: Across) -> None:
    before = stored(site)
    answered = await write_everywhere(site, ("99", "00000000-gone", "hr:nope", "claims:99", "2072.99"))
    assert set(answered) == {("camunda7", 500, True), ("ibm_bpm", 404, True)}
    assert stored(site) == before


async def test_instance_that_has_ended_is_not_written(site: Across) -> None:
    site.fakes["hr"].end(site.hr)
    site.fakes["claims"].instances[site.claims].state = "Completed"
    before = stored(site)
    answered = await write_everywhere(site, (site.hr, site.claims))
    assert set(answered) == {("camunda7", 500, True), ("ibm_bpm", 404, True), ("ibm_bpm", 409, True)}
    assert stored(site) == before


async def test_suspended_instance_is_written(site: Across) -> None:
    site.fakes["hr"].instances[site.hr].suspended = True
    site.fakes["claims"].instances[site.claims].state = "Suspended"
    answers = [
        await site.ibm("PUT", f"/process/{site.hr}/variables", {"note": "x"}, **KEY),
        await site.camunda("PUT", f"/process-instance/{site.claims}/variables/note", {"value": "x"}, **KEY),
    ]
    assert [each.status for each in answers] == [200, 204]
    assert site.fakes["hr"].instances[site.hr].variables["note"].value == "x"
    assert site.fakes["claims"].instances[site.claims].variables["note"] == "x"


async def test_id_that_two_engines_beyond_the_door_have_is_ambiguous() -> None:
    fakes = {name: fake() for name, fake in {"hr": CAMUNDA, "claims": IBM, "more": IBM, "less": CAMUNDA}.items()}
    async with across(MASKED, fakes=fakes, engines={"less": {"vendor": "camunda7"}}) as site:
        assert fakes["more"].showcase() == site.claims
        fakes["less"].instances[site.hr] = fakes["hr"].instances[site.hr]
        before = stored(site)
        for method, path, body in CAMUNDA_WRITES:
            answer = await site.camunda(method, path.format(id=site.claims), body, **KEY)
            assert (answer.status, is_camundas(answer), answer.json["type"]) == (409, True, "InstanceAmbiguous")
            assert all(f"{name}:{site.claims}" in answer.json["message"] for name in ("claims", "more"))
        for (method, path, body), accept in product(IBM_WRITES, MEDIA):
            answer = await site.ibm(method, path.format(id=site.hr), body, Accept=accept, **KEY)
            assert (answer.status, is_ibms(answer, accept), b"VBG0010E" in answer.body) == (409, True, True)
        assert (stored(site), any(each.writes for name, each in site.planned if name in {"more", "less"})) == (
            before,
            False,
        )


@pytest.mark.parametrize("down", OWNERS)
async def test_engine_that_is_down_is_noticed_by_callers_of_its_instances_alone(down: str) -> None:
    async with across(MASKED, down=(down,)) as site:
        mine, there = (site.claims, site.hr) if down == "hr" else (site.hr, site.claims)
        camunda = [
            await site.camunda("GET", f"/process-instance/{up_or_down}/variables", **KEY)
            for up_or_down in (f"{'claims' if down == 'hr' else 'hr'}:{mine}", f"{down}:{there}")
        ]
        ibm = [
            await site.ibm("GET", f"/process/{up_or_down}?parts=data", **KEY)
            for up_or_down in (f"{'claims' if down == 'hr' else 'hr'}:{mine}", f"{down}:{there}")
        ]
        assert [each.status for each in (*camunda, *ibm)] == [200, 503, 200, 503]
        assert (is_camundas(camunda[1]), is_ibms(ibm[1])) == (True, True)


async def test_engine_that_does_not_answer_is_waited_for_by_callers_of_its_instances_alone() -> None:
    asked = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await hung_up.wait()
        writer.close()

    hung_up = asyncio.Event()
    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/rest/bpm/wle/v1"
    async with across(MASKED, engines={"claims": {"url": url}}) as site:
        waiting = asyncio.create_task(site.camunda("GET", f"/process-instance/{site.claims}/variables", **KEY))
        await asked.wait()
        read = await site.camunda("GET", f"/process-instance/{site.hr}/variables", **KEY)
        written = await site.ibm("PUT", f"/process/hr:{site.hr}/variables", {"note": "x"}, **KEY)
        assert (read.status, written.status, waiting.done()) == (200, 200, False)
        hung_up.set()
        answer = await waiting
        assert (answer.status, is_camundas(answer)) == (503, True)
    server.close()


async def test_parameter_for_the_media_type_counts_for_every_error(site: Across) -> None:
    for path in (f"/process/{named(site, 'hr')}?parts=x", "/systems?x=1", f"/process/{named(site, 'hr')}/actions?x=1"):
        for accept, header in (("application/xml", "application/json"), ("application/json", "application/xml")):
            answer = await site.ibm("GET", f"{path}&accept={accept}", Accept=header, **KEY)
            assert (answer.status >= 400, is_ibms(answer, accept)) == (True, True)
        assert is_ibms(await site.ibm("GET", f"{path}&accept=application/xml"), "application/xml")


@pytest.mark.parametrize(
    "query",
    [
        "action=suspend&action=terminate", "action=suspend&%61ction=terminate", "x-method-override=GET&x-method-override=PUT",
        "X-Method-Override=GET&x-method-override=PUT", "action=start&bpdId=25.a&bpdId=25.b",
    ],
    ids=["action", "written in two ways", "override", "override in capitals", "definition"],
)  # fmt: skip
async def test_parameter_that_decides_what_is_asked_has_one_value(site: Across, query: str) -> None:
    form = {"Content_Type": FORM}
    for owner in OWNERS:
        answers = [
            await site.ibm("POST", f"/process/{named(site, owner)}?{query}", {}, **KEY),
            await site.ibm("POST", f"/process/{named(site, owner)}", raw=query.encode(), **form, **KEY),
        ]
        assert [(each.status, is_ibms(each)) for each in answers] == [(400, True)] * 2
    assert site.engines == []


async def test_parameter_with_the_same_value_twice_is_relayed() -> None:
    async with across() as site:
        answer = await site.ibm("PUT", f"/process/{site.claims}?action=suspend&action=suspend", Content_Length="0")
        assert (answer.status, site.fakes["claims"].instances[site.claims].state) == (200, "Suspended")

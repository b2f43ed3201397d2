"""Start calls by front doors: they keep to the rules of start routing, wherever these lead."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree as ET

import pytest

from adapters import camunda7, ibm_bpm
from gateway.port import DialectRequest
from tests.web.across import SCOPES, Across, Answer, across
from tests.web.gate import gate

STARTS = {"order": "hr", "25.order": "hr"}
RULES = {"start": [{"definition": "Claim", "engine": "claims"}, {"definition": "review", "engine": "hr"}]}
CAMUNDA_ELSEWHERE = [
    "/process-definition/key/Claim/start",
    "/process-definition/key/Claim/submit-form",
    "/process-definition/Claim:3:4f1c/start",
    "/process-definition/Claim:3:4f1c/submit-form",
    "/engine/default/process-definition/key/%43laim/start",
]
CAMUNDA_HERE = [
    "/process-definition/key/order/start",
    "/process-definition/key/unknown/start",
    "/process-definition/key/start/start",
    "/process-definition/order:1:2/start",
    "/process-definition/4f1c-33/start",
]


@pytest.mark.parametrize("target", CAMUNDA_ELSEWHERE)
async def test_camunda_start_that_a_rule_sends_elsewhere_starts_there(target: str) -> None:
    async with across(routing=RULES) as site:
        answer = await site.camunda("POST", target, {"variables": {"amount": {"value": 5}}})
        started = answer.json["id"]
        assert (answer.status, answer.json) == (
            200,
            {
                "links": [{"method": "GET", "href": link(target, started), "rel": "self"}],
                "id": started, "definitionId": "25.Claim", "definitionKey": "Claim", "businessKey": None,
                "caseInstanceId": None, "ended": False, "suspended": False, "tenantId": None,
            },
        )  # fmt: skip
        assert site.engines[-1] == "hr"  # asked whether it has this id, too
        site.forget()
        read = await site.camunda("GET", f"/process-instance/{started}/variables/amount")
        assert (read.json["value"], set(site.engines)) == (5, {"claims"})


def link(target: str, instance: str) -> str:
    below = "/engine/default" if target.startswith("/engine/") else ""
    return f"http://gateway/engine-rest{below}/process-instance/{instance}"


async def test_camunda_start_elsewhere_answers_with_variables_where_they_are_asked_for() -> None:
    async with across(routing=RULES) as site:
        body = {"variables": {"note": {"value": "x"}}, "withVariablesInReturn": True}
        answer = await site.camunda("POST", "/process-definition/key/Claim/start", body)
        assert answer.json["variables"]["note"] == {"type": "String", "value": "x", "valueInfo": {}}


@pytest.mark.parametrize(
    "more",
    [
        {"caseInstanceId": "c"}, {"startInstructions": [{}]}, {"skipCustomListeners": True}, {"skipIoMappings": True},
        {"unknown": 1}, {"businessKey": "no variable is set to take it"},
    ],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
async def test_camunda_start_elsewhere_refuses_what_cannot_be_said_there(more: dict[str, Any]) -> None:
    async with across(routing=RULES) as site:
        before = len(site.fakes["claims"].instances)
        answer = await site.camunda("POST", "/process-definition/key/Claim/start", more)
        assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
        assert next(iter(more)) in answer.json["message"] or "business key" in answer.json["message"]
        assert (site.engines, len(site.fakes["claims"].instances)) == ([], before)


async def test_start_elsewhere_of_an_id_that_the_doors_engine_has_too_is_named_with_its_engine() -> None:
    async with across(routing=RULES) as site:
        first = (await site.camunda("POST", "/process-definition/key/Claim/start", {})).json["id"]
        site.fakes["hr"].instances[str(int(first) + 1)] = next(iter(site.fakes["hr"].instances.values()))
        second = (await site.camunda("POST", "/process-definition/key/Claim/start", {})).json["id"]
        assert second == f"claims:{int(first) + 1}"
        shown = await site.camunda("GET", f"/process-instance/{second}")
        assert (shown.status, shown.json["definitionKey"]) == (200, "Claim")


async def test_start_elsewhere_is_named_with_its_engine_where_the_doors_engine_is_down() -> None:
    async with across(routing=RULES, down=("hr",)) as site:
        answer = await site.camunda("POST", "/process-definition/key/Claim/start", {})
        assert (answer.status, answer.json["id"].partition(":")[0]) == (200, "claims")


async def test_limited_caller_starts_with_names_that_it_may_touch() -> None:
    async with across({"variables": ["a*"], "scopes": [*SCOPES, "instances:start"]}, routing=RULES) as site:
        for path in ("/process-definition/key/Claim/start", "/process-definition/key/review/start"):
            refused = await site.camunda("POST", path, {"variables": {"note": {"value": 1}}}, X_Api_Key="secret")
            assert (refused.status, site.engines) == (403, [])
        answer = await site.camunda("POST", path, {"variables": {"amount": {"value": 1}}}, X_Api_Key="secret")
        assert (answer.status, [each.path for _, each in site.planned]) == (
            200, [("process-definition", "key", "review", "start")],
        )  # fmt: skip


@pytest.mark.parametrize("target", CAMUNDA_HERE)
async def test_camunda_start_that_belongs_here_or_nowhere_is_handed_on(target: str) -> None:
    async with gate(starts=STARTS) as door:
        assert (await door.ask("/door" + target, "POST", "Content-Length: 2\r\n", b"{}"))[0] == 200
        assert [heard.target for heard in door.engine.heard] == ["/api" + target]


# IBM's language


AT_CAMUNDA = {"doors": {"claims": {"engine": "hr"}}}
"""A door in IBM's language before Camunda's engine."""
PARAMS = {
    "amount": 5,
    "customer": {"name": "Bo", "@metadata": {"className": "C"}},
    "tags": {"selected": [], "items": ["x"]},
}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


async def ibm_start(site: Across, more: str, **headers: str) -> Answer:
    return await site.ibm("POST", f"/process?action=start&{more}", Content_Length="0", **headers)


@pytest.mark.parametrize("tables", [{"routing": RULES}, AT_CAMUNDA], ids=["by a rule", "at the door's engine"])
@pytest.mark.parametrize("definition", ["review", "review%3A1%3A1"], ids=["key", "id"])
async def test_ibm_starts_on_camunda_and_reads_what_it_started(tables: dict[str, Any], definition: str) -> None:
    async with across(**tables) as site:
        ids = "&processAppId=2066.a&branchId=2063.b&snapshotId=2064.c"
        answer = await ibm_start(site, f"bpdId={definition}{ids}&params={quote(json.dumps(PARAMS))}")
        assert (answer.status, answer.json["status"]) == (200, "200")
        data = answer.json["data"]
        piid = data["piid"]
        header = {name: data[name] for name in ("name", "processTemplateID", "state", "executionState")}
        assert header == {
            "name": "review", "processTemplateID": "review:1:1", "state": "STATE_RUNNING", "executionState": "Active",
        }  # fmt: skip
        assert (data["variables"]["amount"], data["variables"]["tags"]["items"]) == (5, ["x"])
        assert json.loads(site.fakes["hr"].instances[piid].variables["customer"].value) == {"name": "Bo"}
        started = [each.path for _, each in site.planned if each.writes]
        named = ("key", "review") if ":" not in unquote(definition) else ("review:1:1",)
        assert started == [("process-definition", *named, "start")]
        read = await site.ibm("GET", f"/process/{piid}?parts=data")
        assert read.json["data"]["variables"] == data["variables"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("header", (False, False)), ("none", (False, False)), ("data", (True, False)), ("header%7CexecutionTree", (False, True)), ("all", (True, True))],
)  # fmt: skip
async def test_ibm_start_shows_the_parts_that_are_asked_for_and_always_the_id(
    asked: str, shown: tuple[bool, bool]
) -> None:
    async with across(**AT_CAMUNDA) as site:
        answer = await ibm_start(site, f"bpdId=review&params=%7B%22a%22%3A1%7D&parts={asked}")
        data = answer.json["data"]
        assert data["piid"] in site.fakes["hr"].instances
        assert (data["variables"] is not None, data["executionTree"] is not None) == shown
        assert len(site.engines) == 1 + sum(shown)


async def test_ibm_start_may_be_a_form_and_answered_in_xml() -> None:
    async with across(routing=RULES) as site:
        form = urlencode({"action": "start", "bpdId": "review", "params": json.dumps({"list": ["y" * 900] * 9})})
        answer = await site.ibm("POST", "/process", raw=form.encode(), Accept="application/xml", **FORM)
        root = ET.fromstring(answer.body)
        piid = root.findtext("data/piid")
        assert (answer.status, len(root.findall("data/variables/list/items"))) == (200, 9)
        assert piid in site.fakes["hr"].instances


async def test_ibm_start_that_a_rule_sends_to_another_server_of_ibms() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": ibm_bpm.VENDOR.fake()}
    rules = {"start": [{"definition": "25.Claim", "engine": "more"}]}
    async with across(fakes=fakes, routing=rules) as site:
        _ = site.fakes["more"].showcase()
        answer = await ibm_start(site, "bpdId=25.Claim&processAppId=2066.a&parts=header")
        assert (answer.status, answer.json["data"]["processTemplateName"]) == (200, "Claim")
        piid = answer.json["data"]["piid"]
        assert (list(site.fakes["more"].instances)[1:], list(site.fakes["claims"].instances)) == ([piid], [site.claims])
        site.forget()
        assert (await site.ibm("GET", f"/process/{piid}")).status == 200
        assert site.engines == ["more"]
        for version in ("snapshotId=2064.a", "branchId=2063.a"):
            site.forget()
            refused = await ibm_start(site, f"bpdId=25.Claim&{version}")
            assert (refused.status, refused.json["Data"]["errorNumber"], site.engines) == (400, "VBG0002E", [])
            assert version.partition("=")[0] in refused.json["Data"]["errorMessage"]


IBM_BAD = {
    "no definition": ("", "", {}, 400, "bpdId"),
    "empty definition": ("bpdId=", "", {}, 400, "bpdId"),
    "long definition": (f"bpdId={'x' * 256}", "", {}, 400, "definition"),
    "malformed params": ("bpdId=review&params=%7B", "", {}, 400, ""),
    "params that are no object": ("bpdId=review&params=7", "", {}, 400, "params"),
    "name twice": ("bpdId=review&params=%7B%22a%22%3A1%2C%22a%22%3A2%7D", "", {}, 400, ""),
    "number beyond every type": ("bpdId=review&params=%7B%22a%22%3A99999999999999999999%7D", "", {}, 400, "variable a"),
    "long name": (f"bpdId=review&params=%7B%22{'n' * 300}%22%3A1%7D", "", {}, 400, "n" * 300),
    "unknown part": ("bpdId=review&parts=colour", "", {}, 400, "colour"),
    "part that only IBM has": ("bpdId=review&parts=diagram", "", {}, 400, "diagram"),
    "params twice": ("bpdId=review&params=%7B%7D", "params=%7B%22a%22%3A1%7D", FORM, 400, "twice"),
    "params in a JSON body": ("bpdId=review", '{"params":{}}', {"Content_Type": "application/json"}, 400, ""),
    "another media type": ("bpdId=review", "<a/>", {"Content_Type": "text/xml"}, 415, ""),
    "a script": ("bpdId=review&callback=f", "", {}, 406, ""),
}


@pytest.mark.parametrize(("query", "body", "headers", "status", "said"), IBM_BAD.values(), ids=list(IBM_BAD))
async def test_bad_start_in_ibms_language_starts_nothing(
    query: str, body: str, headers: dict[str, str], status: int, said: str
) -> None:
    async with across(**AT_CAMUNDA) as site:
        before = len(site.fakes["hr"].instances)
        answer = await site.ibm("POST", f"/process?action=start&{query}", raw=body.encode(), **headers)
        assert (answer.status, answer.json["status"]) == (status, "error")
        assert said in answer.json["Data"]["errorMessage"]
        assert (site.engines, len(site.fakes["hr"].instances)) == ([], before)


async def test_start_of_what_camunda_does_not_have_is_ibms_own_error() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(definitions=frozenset({"invoice"})), "claims": ibm_bpm.VENDOR.fake()}
    async with across(fakes=fakes, **AT_CAMUNDA) as site:
        answer = await ibm_start(site, "bpdId=25.nope")
        assert (answer.status, answer.json["Data"]["errorNumber"]) == (404, "CWTBG0047E")


async def test_other_method_starts_nothing_in_ibms_language() -> None:
    async with across(routing=RULES) as site:
        before = len(site.fakes["hr"].instances)
        target = "/process?action=start&bpdId=review"
        for method, said in (("PUT", ""), ("GET", ""), ("POST", "PUT"), ("POST", "BREW")):
            more = {"Content_Length": "0"} if method != "GET" else {}
            answer = await site.ibm(method, target, X_Method_Override=said, **more)
            assert answer.status == 405
        assert (len(site.fakes["hr"].instances), site.engines) == (before, [])


async def test_limited_caller_starts_in_ibms_language_with_names_that_it_may_touch() -> None:
    key = {"X_Api_Key": "secret"}
    limited = {"variables": ["a*"], "masked": ["amount"], "scopes": [*SCOPES, "instances:start"]}
    async with across(limited, routing=RULES) as site:
        for definition in ("review", "25.Claim"):
            refused = await ibm_start(site, f"bpdId={definition}&params=%7B%22note%22%3A1%7D", **key)
            assert (refused.status, site.engines) == (403, [])
        for definition in ("review", "Claim"):
            answer = await ibm_start(site, f"bpdId={definition}&params=%7B%22amount%22%3A1%7D", **key)
            assert (answer.status, "amount" in answer.json["data"]["variables"]) == (200, False)


async def test_scope_for_variables_is_needed_where_the_start_is_to_show_them() -> None:
    async with across({"scopes": ["instances:start"]}, routing=RULES) as site:
        key = {"X_Api_Key": "secret"}
        assert (await ibm_start(site, "bpdId=review", **key)).status == 403
        assert site.engines == []
        assert (await ibm_start(site, "bpdId=review&parts=header", **key)).status == 200
    async with across({"scopes": SCOPES}, routing=RULES) as site:
        assert (await ibm_start(site, "bpdId=review&parts=header", X_Api_Key="secret")).status == 403


async def test_form_of_a_definition_that_starts_elsewhere_is_still_read_here() -> None:
    async with gate(starts=STARTS) as door:
        assert (await door.ask("/door/process-definition/key/invoice/start-form"))[0] == 200


async def test_ibm_start_by_a_form_that_belongs_here_is_handed_on_byte_for_byte() -> None:
    async with gate(vendor=ibm_bpm.VENDOR, starts=STARTS) as door:
        said = b"bpdId=25%2Eorder&params=%7B%22a%22%3A%22%C3%A4+%25%22%7D&action=start&x&&"
        assert await form(door, "/door/process", said) == (200, 1)
        assert door.engine.heard[0].body == said


async def form(door, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> tuple[int, int]:
    status, _, _ = await door.ask(path, "POST", f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n", body)
    return status, len(door.engine.heard)


def test_definition_of_a_start_is_told_by_both_dialects() -> None:
    camunda, ibm = camunda7.VENDOR.dialect(), ibm_bpm.VENDOR.dialect()

    def definition(dialect, *segments: str, **query: str) -> str | None:
        return dialect.facts(DialectRequest(method="POST", segments=segments, query=query)).definition

    assert definition(camunda, "process-definition", "key", "a", "start") == "a"
    assert definition(camunda, "process-definition", "start") is None
    assert definition(ibm, "process", action="start", bpdId="25.a") == "25.a"
    assert definition(ibm, "process", action="start", bpdId="order:1:4f") == "order"
    assert definition(ibm, "process", action="start") is None

"""Start calls by front doors: they keep to the rules of start routing, wherever these lead."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from gateway.port import DialectRequest
from tests.web.across import SCOPES, across
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
    assert definition(ibm, "process", action="start") is None

"""Start calls by front doors: they keep to the rules of start routing, and are refused where these lead elsewhere."""

from __future__ import annotations

import json

import pytest

from adapters import camunda7, ibm_bpm
from gateway.port import DialectRequest
from tests.web.gate import gate

STARTS = {"invoice": "other", "order": "hr", "25.claim": "other", "25.order": "hr"}
CAMUNDA_ELSEWHERE = [
    "/process-definition/key/invoice/start",
    "/process-definition/key/invoice/submit-form",
    "/process-definition/key/invoice/tenant-id/t/start",
    "/process-definition/invoice:3:4f1c/start",
    "/process-definition/invoice:3:4f1c/submit-form",
    "/engine/default/process-definition/key/invoice/start",
    "//process-definition/key/%69nvoice;x=1/start/",
]
CAMUNDA_HERE = [
    "/process-definition/key/order/start",
    "/process-definition/key/unknown/start",
    "/process-definition/key/start/start",
    "/process-definition/order:1:2/start",
    "/process-definition/4f1c-33/start",
]


@pytest.mark.parametrize("target", CAMUNDA_ELSEWHERE)
async def test_camunda_start_that_a_rule_sends_elsewhere_is_refused_in_its_shape(target: str) -> None:
    async with gate(starts=STARTS) as door:
        status, _, body = await door.ask("/door" + target, "POST", "Content-Length: 2\r\n", b"{}")
        detail = "New instances of invoice start on other, which is not behind this front door."
        assert (status, json.loads(body)) == (400, {"type": "Unsupported", "message": detail, "code": None})
        assert door.engine.heard == []


@pytest.mark.parametrize("target", CAMUNDA_HERE)
async def test_camunda_start_that_belongs_here_or_nowhere_is_handed_on(target: str) -> None:
    async with gate(starts=STARTS) as door:
        assert (await door.ask("/door" + target, "POST", "Content-Length: 2\r\n", b"{}"))[0] == 200
        assert [heard.target for heard in door.engine.heard] == ["/api" + target]


async def test_form_of_a_definition_that_starts_elsewhere_is_still_read_here() -> None:
    async with gate(starts=STARTS) as door:
        assert (await door.ask("/door/process-definition/key/invoice/start-form"))[0] == 200


@pytest.mark.parametrize(("process", "status"), [("25.claim", 400), ("25.order", 200), ("25.new", 200)])
async def test_ibm_start_keeps_to_the_rules_too(process: str, status: int) -> None:
    async with gate(vendor=ibm_bpm.VENDOR, starts=STARTS) as door:
        answered, _, body = await door.ask(
            f"/door/process?action=start&bpdId={process}&branchId=2063.1", "POST", "Content-Length: 0\r\n"
        )
        assert (answered, len(door.engine.heard)) == (status, int(status == 200))
        if status == 400:
            assert json.loads(body)["Data"]["exceptionType"] == "varbridge.Unsupported"


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded; charset=UTF-8"],
    ids=["plain type", "type in capitals"],
)
@pytest.mark.parametrize("query", ["", "?action=start", "?action=start&bpdId=25.claim"], ids=["form", "action", "both"])
async def test_ibm_start_by_a_form_keeps_to_the_rules_too(kind: str, query: str) -> None:
    async with gate(vendor=ibm_bpm.VENDOR, starts=STARTS) as door:
        assert await form(door, f"/door/process{query}", b"action=start&bpdId=25.claim", kind) == (400, 0)


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

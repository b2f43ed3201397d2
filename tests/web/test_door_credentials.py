"""Credentials that a client happens to send where the gateway is open: the refusal says what to do, in every dialect."""

from __future__ import annotations

import json
import re

import pytest

from adapters import camunda7, ibm_bpm
from gateway.access import Access
from tests.web.conftest import Site
from tests.web.gate import gate

BASIC = "Authorization: Basic ZGVtbzpkZW1v\r\n"
DETAIL = (
    'No caller with Basic credentials is configured here: let the engine check them (`auth.kind = "forward"` of the '
    "engine, and a caller with `forward = true` that says what they may do), or configure a caller with `basic`."
)


async def test_basic_on_v1_without_such_callers_is_a_problem_that_names_the_ways_out(site: Site) -> None:
    status, body, headers = await site.ask("GET", "engines", Authorization="Basic ZGVtbzpkZW1v")
    assert (status, body["code"], body["detail"]) == (401, "unauthenticated", DETAIL)
    assert "Basic" in headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("vendor", "path", "accepted", "message"),
    [
        pytest.param(
            camunda7.VENDOR,
            "/door/process-instance/1/variables",
            "",
            lambda body: json.loads(body)["message"],
            id="camunda7",
        ),
        pytest.param(
            ibm_bpm.VENDOR,
            "/door/process/1?parts=data",
            "",
            lambda body: json.loads(body)["Data"]["errorMessage"].removeprefix("VBG0004E: "),
            id="ibm_bpm-json",
        ),
        pytest.param(
            ibm_bpm.VENDOR,
            "/door/process/1?parts=data",
            "Accept: application/xml\r\n",
            lambda body: re.search(r"<errorMessage>VBG0004E: (.*)</errorMessage>", body.decode())[1].replace(
                "&quot;", '"'
            ),
            id="ibm_bpm-xml",
        ),
    ],
)
async def test_basic_at_a_front_door_without_such_callers_names_the_ways_out_in_its_dialect(
    vendor, path, accepted, message
) -> None:
    async with gate(vendor=vendor, access=Access(open=True)) as door:
        status, headers, body = await door.ask(path, more=BASIC + accepted)
        assert (status, message(body), door.engine.heard) == (401, DETAIL, [])
        assert "Basic" in headers["www-authenticate"]


async def test_basic_at_an_open_front_door_whose_engine_forwards_goes_to_the_engine() -> None:
    async with gate(access=Access(open=True), kind="forward") as door:
        assert (await door.ask("/door/process-instance/1/variables", more=BASIC))[0] == 200
        assert door.engine.heard[0].header("authorization") == "Basic ZGVtbzpkZW1v"

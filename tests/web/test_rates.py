"""Callers over their rate are refused in every dialect, and told how much is left with every answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from gateway.access import Access, Bucket, CallerEntry, Rate
from gateway.access.callers import SCOPES
from tests.web.conftest import SECRET
from tests.web.gate import Gate, gate
from tests.wire.scripted import OK, says

RATE = Rate(requests=2, per_s=60.0, burst=2)
POLICY = '"caller";q=2;w=60;varbridge-burst=2'
KEY = "X-Api-Key: secret\r\n"
OTHER = "2f0ac4f5a9ea4d3ce7b6c15bc1ae8a47e1a9ec8b1b7a5fa2ecf7cbf2f6a4b7c5"
BASIC = "Authorization: Basic b3RoZXI6cA==\r\n"  # other:p


def access(**more: Any) -> Access:
    portal = CallerEntry(name="portal", key_sha256=SECRET, scopes=SCOPES)
    other = CallerEntry(name="other", basic_username="other", basic_password="p", scopes=SCOPES)
    return Access((portal, other), **more)


def bounded(*names: str, rate: Rate = RATE) -> dict[str, Any]:
    return {"services_more": {"rates": {name: Bucket(rate) for name in names}}}


def said(headers: dict[str, str]) -> tuple[str | None, ...]:
    return tuple(headers.get(name) for name in ("ratelimit-policy", "ratelimit", "retry-after"))


def counted(door: Gate, name: str) -> list[str]:
    return [line for line in door.services.metrics.render()[0].decode().splitlines() if line.startswith(name)]


def is_problem(status: int, body: bytes) -> bool:
    return (status, json.loads(body)["code"]) == (429, "rate-limited")


def is_camundas(status: int, body: bytes) -> bool:
    return status == 429 and list(json.loads(body)) == ["type", "message", "code"]


def is_ibms(status: int, body: bytes) -> bool:
    return status == 429 and json.loads(body)["Data"]["errorNumber"].startswith("VBG")


@pytest.mark.parametrize(
    ("vendor", "path", "is_refusal"),
    [
        pytest.param(camunda7.VENDOR, "/v1/engines", is_problem, id="v1"),
        pytest.param(camunda7.VENDOR, "/door/process-instance/1/variables", is_camundas, id="camunda7"),
        pytest.param(ibm_bpm.VENDOR, "/door/process/1?parts=data", is_ibms, id="ibm_bpm"),
    ],
)
async def test_caller_over_its_rate_is_429_in_its_dialect_and_every_answer_says_what_is_left(
    vendor, path: str, is_refusal
) -> None:
    async with gate(says(OK), vendor=vendor, access=access(), **bounded("portal")) as door:
        answers = [await door.ask(path, more=KEY) for _ in range(4)]
        assert [status for status, _, _ in answers] == [200, 200, 429, 429]
        assert [said(headers) for _, headers, _ in answers] == [
            (POLICY, f'"caller";r={left};t=30', retry) for left, retry in ((1, None), (0, None), (0, "30"), (0, "30"))
        ]
        assert is_refusal(answers[2][0], answers[2][2])
        assert len(door.engine.heard) == 2
        assert counted(door, "varbridge_throttled_requests_total") == [
            'varbridge_throttled_requests_total{caller="portal"} 2.0'
        ]


async def test_errors_say_what_is_left_too_and_take_a_token() -> None:
    async with gate(access=access(), **bounded("portal", rate=Rate(requests=9, per_s=60, burst=9))) as door:
        answers = [
            await door.ask("/v1/engines/none", more=KEY),
            await door.ask("/v1/engines?nothing=1", more=KEY),
            await door.ask("/door/x#y", more=KEY),
        ]
    assert [(status, headers.get("ratelimit")) for status, headers, _ in answers] == [
        (404, '"caller";r=8;t=7'),
        (400, '"caller";r=7;t=7'),
        (400, '"caller";r=6;t=7'),
    ]


async def test_other_callers_and_those_without_a_rate_are_not_held_up() -> None:
    async with gate(access=access(), **bounded("portal")) as door:
        for _ in range(3):
            _ = await door.ask("/v1/engines", more=KEY)
        status, headers, _ = await door.ask("/v1/engines", more=BASIC)
    assert (status, said(headers)) == (200, (None, None, None))


async def test_who_is_not_known_takes_no_token_and_is_told_nothing() -> None:
    async with gate(access=access(), **bounded("portal")) as door:
        answers = [await door.ask("/v1/engines", more="X-Api-Key: wrong\r\n") for _ in range(3)]
        assert [(status, said(headers)) for status, headers, _ in answers] == [(401, (None, None, None))] * 3
        assert (await door.ask("/v1/engines", more=KEY))[1]["ratelimit"] == '"caller";r=1;t=30'


async def test_anonymous_callers_share_one_rate() -> None:
    async with gate(access=Access(open=True), **bounded("anonymous")) as door:
        assert [(await door.ask("/v1/engines"))[0] for _ in range(3)] == [200, 200, 429]


async def test_all_whom_the_engine_knows_share_the_rate_of_their_entry() -> None:
    known = Access((CallerEntry(name="users", forward=True, scopes=SCOPES),))
    users = ("Authorization: Basic YTph\r\n", "Authorization: Basic Yjpi\r\n", "Authorization: Basic Yzpj\r\n")
    async with gate(kind="forward", access=known, **bounded("users")) as door:
        assert [(await door.ask("/door/process-instance/1", more=user))[0] for user in users] == [200, 200, 429]


async def test_rate_headers_of_an_engine_give_way_to_those_of_the_caller() -> None:
    own = OK.replace(b"\r\n\r\n", b'\r\nRateLimit: "engine";r=1;t=1\r\n\r\n')
    async with gate(says(own), access=access(), **bounded("portal")) as door:
        bounded_one = await door.ask("/door/process-instance/1", more=KEY)
        free = await door.ask("/door/process-instance/1", more=BASIC)
    assert [headers["ratelimit"] for _, headers, _ in (bounded_one, free)] == ['"caller";r=1;t=30', '"engine";r=1;t=1']

"""Bad input of `/v1` on each vendor: what it is told, that nothing was sent that writes, that the engine holds what it held,
and that the next request works. Inputs at the edge that are good stand beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.conftest import Site
from tests.web.test_variables import ODD

TAKEN = (204, None)
NOT_JSON, NOT_SHAPED = (400, "invalid-json"), (400, "invalid-request")
INVALID, NOT_HELD, TOO_LONG = (422, "value-invalid"), (422, "value-not-representable"), (422, "value-too-long")
NO_VARIABLE, NO_ROUTE = (404, "variable-not-found"), (404, "route-not-found")


def typed(kind: str, value: object, **more: object) -> dict[str, object]:
    return {"type": kind, "value": value, **more}


# method, name, body, what Camunda's caller is told, what IBM's caller is told
CASES: list[tuple[str, str | None, Any, tuple[int, str | None], tuple[int, str | None]]] = [
    ("PATCH", None, {}, TAKEN, TAKEN),
    ("PATCH", None, {"deletions": ["absent"]}, TAKEN, NO_VARIABLE),
    ("DELETE", "absent", None, TAKEN, NO_VARIABLE),
    ("GET", "absent", None, NO_VARIABLE, NO_VARIABLE),
    ("PUT", "", {"value": 1}, NO_ROUTE, NO_ROUTE),
    ("DELETE", "", None, NO_ROUTE, NO_ROUTE),
    ("GET", "n" * 256, None, NO_VARIABLE, NO_VARIABLE),
    ("GET", "n" * 5000, None, NO_VARIABLE, NO_VARIABLE),
    ("PUT", "n" * 256, {"value": 1}, TOO_LONG, TOO_LONG),
    ("DELETE", "n" * 256, None, TOO_LONG, TOO_LONG),
    ("PUT", "note", typed("string", "x" * 4001), TOO_LONG, TAKEN),
    ("PUT", "note", typed("string", "x" * 4000), TAKEN, TAKEN),
    ("PUT", "note", typed("string", "😀" * 2001), TOO_LONG, TAKEN),
    ("PUT", "amount", typed("integer", 2**63 - 1, format="int64"), TAKEN, NOT_HELD),
    ("PUT", "amount", typed("integer", -(2**63), format="int64"), TAKEN, NOT_HELD),
    ("PUT", "amount", typed("integer", 2**63, format="int64"), INVALID, INVALID),
    ("PUT", "amount", typed("integer", 2**31, format="int32"), INVALID, INVALID),
    ("PUT", "amount", typed("integer", 2**31 - 1, format="int32"), TAKEN, TAKEN),
    ("PUT", "amount", {"value": 2**63}, NOT_HELD, NOT_HELD),
    ("PUT", "amount", b'{"value":1' + b"0" * 400 + b"}", NOT_HELD, NOT_HELD),
    ("PUT", "amount", b'{"type":"number","format":"double","value":1e400}', NOT_HELD, NOT_HELD),
    ("PUT", "amount", typed("number", "NaN", format="double"), TAKEN, NOT_HELD),
    ("PUT", "amount", typed("number", "NaN", format="decimal"), INVALID, INVALID),
    ("PUT", "amount", b'{"value":NaN}', NOT_JSON, NOT_JSON),
    ("PUT", "amount", b'{"value":-Infinity}', NOT_JSON, NOT_JSON),
    ("PUT", "received", typed("date-time", "2026-03-01T10:30:00+01:00"), TAKEN, TAKEN),
    ("PUT", "received", typed("date-time", "2026-02-30T10:30:00Z"), INVALID, INVALID),
    ("PUT", "received", typed("date-time", "2026-03-01T10:30:00"), INVALID, INVALID),
    ("PUT", "received", typed("date-time", "yesterday"), INVALID, INVALID),
    ("PUT", "customer", b'{"type":"json","value":{"a":1,}}', NOT_JSON, NOT_JSON),
    ("PUT", "customer", b'{"type":"json","value":{"a":1,"a":2}}', NOT_JSON, NOT_JSON),
    ("PUT", "note", b'{"value":"x","value":"y"}', NOT_JSON, NOT_JSON),
    ("PUT", "note", b'{"value":"x"} {}', NOT_JSON, NOT_JSON),
    ("PUT", "note", b'{"value":"\xff"}', NOT_JSON, NOT_JSON),
    ("PUT", "note", b"", NOT_JSON, NOT_JSON),
    ("PUT", "note", b"null", NOT_SHAPED, NOT_SHAPED),
    ("PUT", "note", {}, NOT_SHAPED, NOT_SHAPED),
    ("PUT", "note", {"value": "x", "colour": 1}, NOT_SHAPED, NOT_SHAPED),
    ("PUT", "note", typed("nothing", "x"), NOT_SHAPED, NOT_SHAPED),
    ("PUT", "note", {"type": 5, "value": "x"}, NOT_SHAPED, NOT_SHAPED),
    ("PUT", "note", typed("integer", 1, format="int8"), NOT_SHAPED, NOT_SHAPED),
]


async def held(site: Site, owner: str) -> dict[str, Any]:
    status, found, _ = await site.ask("GET", "instances", getattr(site, owner), "variables")
    assert status == 200
    return {each["name"]: each for each in found["variables"]}


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{str(case[1])[:9]}-{str(case[2])[:30]}")
async def test_input_is_taken_or_refused_and_then_nothing_has_changed(site: Site, owner: str, case: Any) -> None:
    method, name, body, *told = case
    before = await held(site, owner)
    path = ("instances", getattr(site, owner), "variables", *(() if name is None else (name,)))
    status, problem, _ = await site.ask(method, *path, body=body)
    assert (status, (problem or {}).get("code")) == told[owner == "claims"], problem
    if status != 204:
        assert problem["outcome"] == "not_applied"
        assert await held(site, owner) == before
    assert (await site.ask("PUT", "instances", getattr(site, owner), "variables", "note", body={"value": "next"}))[
        0
    ] == 204
    assert (await held(site, owner))["note"]["value"] == "next"


@pytest.mark.parametrize("name", ODD, ids=repr)
async def test_odd_name_that_ibm_does_not_declare_touches_nothing(site: Site, name: str) -> None:
    before = await held(site, "claims")
    for method, body in (("PUT", {"value": 5}), ("GET", None), ("DELETE", None)):
        status, problem, _ = await site.ask(method, "instances", site.claims, "variables", name, body=body)
        assert (status, problem["code"], problem["outcome"]) == (404, "variable-not-found", "not_applied")
    assert await held(site, "claims") == before


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_ten_thousand_modifications_are_one_write(site: Site, owner: str) -> None:
    body = {"modifications": {f"v{number}": {"type": "integer", "value": number} for number in range(10_000)}}
    status, problem, _ = await site.ask("PATCH", "instances", getattr(site, owner), "variables", body=body)
    assert status == (204 if owner == "hr" else 404), json.dumps(problem)[:500]
    assert len(site.writes) == 1

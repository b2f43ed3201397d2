"""Front doors whose own engine is of the other vendor: nothing of one language is ever sent to an engine of the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from adapters.ibm_bpm.fake.tokens import task_of
from tests.web.across import Across, across

CROSSED: dict[str, dict[str, Any]] = {"hr": {"engine": "claims"}, "claims": {"engine": "hr"}}
"""Camunda's language is spoken in front of IBM's engine, IBM's in front of Camunda's."""


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(doors=CROSSED) as made:
        yield made


CAMUNDA_UNNAMED = [
    ("GET", ""), ("GET", "/engine"), ("GET", "/version"), ("GET", "/task"), ("GET", "/job"), ("GET", "/incident/count"),
    ("POST", "/external-task/fetchAndLock"), ("POST", "/migration/execute"), ("DELETE", "/deployment/1"),
]  # fmt: skip
IBM_UNNAMED = [
    ("GET", ""), ("GET", "/user/current"), ("GET", "/systems"), ("GET", "/processApps"), ("PUT", "/bulk"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CAMUNDA_UNNAMED)
async def test_camunda_call_without_an_instance_is_refused_by_its_name(site: Across, method: str, path: str) -> None:
    answer = await site.camunda(method, path, {} if method == "POST" else None)
    assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
    assert answer.json["message"].startswith(f"{method} {path or '/'} ")
    assert site.engines == []


@pytest.mark.parametrize(("method", "path"), IBM_UNNAMED)
async def test_ibm_call_without_an_instance_is_refused_by_its_name(site: Across, method: str, path: str) -> None:
    answer = await site.ibm(method, path, {} if method in {"POST", "PUT"} else None)
    assert (answer.status, answer.json["Data"]["errorNumber"]) == (400, "VBG0002E")
    assert answer.json["Data"]["errorMessage"].startswith(f"VBG0002E: {method} {path.partition('?')[0] or '/'}")
    assert site.engines == []


async def test_instance_of_the_doors_engine_is_read_and_written_in_the_doors_language(site: Across) -> None:
    assert (await site.camunda("GET", f"/process-instance/{site.claims}")).json["id"] == site.claims
    put = await site.camunda("PUT", f"/process-instance/{site.claims}/variables/note", {"value": "x"})
    assert (put.status, site.fakes["claims"].instances[site.claims].variables["note"]) == (204, "x")
    assert (await site.ibm("PUT", f"/process/{site.hr}/variables", {"note": "y"})).status == 200
    assert site.fakes["hr"].instances[site.hr].variables["note"].value == "y"
    assert (site.engines[0], len(set(site.engines))) == ("claims", 2)


CAMUNDA_NATIVE = [
    ("GET", "/process-instance/{id}/variables"), ("PUT", "/process-instance/{id}/variables/note"),
    ("GET", "/process-instance/{id}/variables/scan/data"), ("PUT", "/process-instance/{id}/suspended"),
    ("GET", "/execution/{id}"), ("GET", "/execution/{id}/localVariables"),
    ("GET", "/history/process-instance/{id}"), ("POST", "/process-instance/{id}/modification"),
]  # fmt: skip


@pytest.mark.parametrize("known", [False, True], ids=["first asked for", "known"])
@pytest.mark.parametrize(("method", "path"), CAMUNDA_NATIVE)
async def test_camunda_call_on_a_camunda_instance_elsewhere_is_relayed_as_it_is(
    site: Across, method: str, path: str, known: bool
) -> None:
    body = (
        {"value": "z", "type": "String", "suspended": False, "instructions": []} if method in {"PUT", "POST"} else None
    )
    if known:
        assert (await site.camunda("GET", f"/process-instance/{site.hr}")).status == 200
    site.forget()
    answer = await site.camunda(method, path.format(id=site.hr), body)
    name, relayed = site.heard[-1]
    assert (name, relayed.method, "/" + "/".join(relayed.path)) == ("hr", method, path.format(id=site.hr))
    assert not any(each.writes for _, each in site.planned)
    assert answer.status in {200, 204}


async def test_ibm_call_on_an_ibm_instance_elsewhere_is_relayed_as_it_is(site: Across) -> None:
    plain = b'{ "note" : "as it came" }'
    assert (await site.ibm("PUT", f"/process/{site.claims}?action=suspend", Content_Length="0")).status == 200
    assert site.fakes["claims"].instances[site.claims].state == "Suspended"
    assert (await site.ibm("PUT", f"/process/{site.claims}/variables", raw=plain)).status == 200
    assert site.heard[-1][1].body == plain
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert (await site.ibm("POST", f"/process/{site.claims}", raw=b"action=resume", **form)).status == 200
    assert site.fakes["claims"].instances[site.claims].state == "Active"


async def test_body_that_the_doors_engine_could_not_be_told_reaches_the_owner_byte_for_byte(site: Across) -> None:
    lax = b'{"modifications":{"note":{"value":"x","local":true,"unknown":1}}}'
    answer = await site.camunda("POST", f"/process-instance/{site.hr}/variables", raw=lax)
    assert (answer.status, site.heard[-1][0], site.heard[-1][1].body) == (204, "hr", lax)


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_what_is_refused_asks_the_doors_engine_first_and_then_nobody(site: Across, method: str) -> None:
    answer = await site.camunda(method, f"/process-instance/{site.claims}/comment", {})
    assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
    assert site.engines == ["claims"]


async def test_engine_elsewhere_that_is_down_is_not_noticed_by_callers_of_the_doors_engine() -> None:
    async with across(doors=CROSSED, down=("hr",)) as site:
        path = f"/process-instance/{site.claims}"
        assert (await site.camunda("GET", f"{path}/variables/note")).status == 200
        assert (await site.camunda("GET", f"{path}/comment")).status == 400
        assert (await site.camunda("PUT", f"{path}/variables/note", raw=b"{")).status == 400
        unknown = await site.camunda("GET", "/process-instance/99/variables")
        assert (unknown.status, unknown.json["type"]) == (503, "EngineUnavailable")


async def test_form_reaches_another_engine_of_the_vendor_once() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": ibm_bpm.VENDOR.fake()}
    async with across(fakes=fakes) as site:
        other = [site.fakes["more"].showcase() for _ in range(2)][-1]
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        answer = await site.ibm("POST", f"/process/{other}", raw=b"action=suspend", **form)
        assert [(name, each.body) for name, each in site.heard if each.method == "POST"] == [
            ("claims", b"action=suspend"),
            ("more", b"action=suspend"),
        ]
        assert (answer.status, site.fakes["more"].instances[other].state) == (200, "Suspended")


@pytest.mark.parametrize("form", ["2072.{}", "BPDInstance.{}", "more:2072.{}"])
async def test_long_form_of_an_id_reaches_another_engine_of_the_vendor_as_its_number(form: str) -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": ibm_bpm.VENDOR.fake()}
    for doors in ({}, CROSSED):
        async with across(fakes=fakes, doors=doors) as site:
            other = [site.fakes["more"].showcase() for _ in range(2)][-1]
            path = f"/process/{form.format(other)}?parts=header"
            assert (await site.ibm("GET", path)).json["data"]["piid"] == form.format(other)
            site.forget()
            assert (await site.ibm("GET", path)).status == 200
            assert [(name, each.path) for name, each in site.heard] == [("more", ("process", other))]


async def test_call_on_a_task_of_the_doors_engine_is_refused_without_asking_others(site: Across) -> None:
    task = task_of(site.claims, next(iter(site.fakes["claims"].instances[site.claims].tokens.at)))
    answer = await site.camunda("POST", f"/task/{task}/claim", {"userId": "x"})
    assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
    assert set(site.engines) == {"claims"}

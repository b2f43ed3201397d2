"""Instances that are not there, have ended, or are on several engines, and engines that do not answer, in each language.

The caller has a mask, so that its requests are carried out as commands at an owner of its own vendor, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import pytest

from adapters import camunda7, ibm_bpm
from tests.web.across import Across, across
from tests.web.limited import KEY, MASKED, MEDIA, OWNERS, STARTS, is_camundas, is_ibms, stored, task_on

CAMUNDA, IBM = camunda7.VENDOR.fake, ibm_bpm.VENDOR.fake


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(MASKED, routing=STARTS) as made:
        yield made


CAMUNDA_WRITES = [
    ("POST", "/process-instance/{id}/variables", {"modifications": {"note": {"value": "x", "type": "String"}}}),
    ("PUT", "/process-instance/{id}/variables/note", {"value": "x", "type": "String"}),
    ("DELETE", "/process-instance/{id}/variables/note", None),
    ("PUT", "/execution/{id}/localVariables/note", {"value": "x", "type": "String"}),
]  # fmt: skip
IBM_WRITES = [("PUT", "/process/{id}/variables", {"note": "x"}), ("PUT", "/process/{id}/variable/note", {"x": 1})]


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


async def test_doors_engine_is_neither_asked_nor_needed_for_an_id_that_it_cannot_have() -> None:
    async with across(MASKED, down=("claims",)) as site:
        assert (await site.ibm("GET", f"/process/{site.hr}?parts=data", **KEY)).status == 200
    async with across() as site:
        task = task_on(site, "hr").removeprefix("hr:")
        for method, path, body in (
            ("PUT", f"/process/{site.hr}/variables", {"note": "x"}),
            ("PUT", f"/task/{task}?action=finish", {}),
        ):
            site.forget()
            assert (await site.ibm(method, path, body)).status == 200
            assert set(site.engines) == {"hr"}
    async with across(doors={"hr": {"engine": "claims"}}, down=("claims",)) as site:
        assert (await site.camunda("GET", f"/process-instance/{site.hr}/variables")).status == 200


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

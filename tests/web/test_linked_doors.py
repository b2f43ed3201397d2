"""Linked instances at front doors: the side that decides answers, in the caller's language and with the caller's ids."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway import app
from gateway.plan import Call
from tests.linked import link, moved
from tests.until import until
from tests.web import test_running, test_three_dialects
from tests.web.across import CLAIMS, HR, Across, across

CAMUNDA, IBM = (app.VENDORS[name].fake for name in ("camunda7", "ibm_bpm"))
SET = {"modifications": {"note": {"value": "new", "type": "String"}}}
ALIKE = {"hr": "camunda7", "more": "camunda7", "claims": "ibm_bpm", "other": "ibm_bpm"}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    fakes = {name: app.VENDORS[vendor].fake() for name, vendor in ALIKE.items()}
    more = {name: {"vendor": vendor} for name, vendor in ALIKE.items()}
    for _ in range(3):
        fakes["other"].showcase()  # so that the same number is not the same instance on both
    async with across(fakes=fakes, engines=more) as made:
        made.natives = {name: fake.showcase() for name, fake in fakes.items() if name in {"more", "other"}}
        made.natives |= {"hr": made.hr, "claims": made.claims}
        made.forget()
        yield made


def join(site: Any, source: str, target: str, *, flipped: bool) -> str:
    """Link the instances of two engines; return the engine that decides."""
    sides = [f"{name}:{site.natives[name]}" for name in (source, target)]
    site.link((moved if flipped else link)(*sides))
    return target if flipped else source


PAIRS = [("hr", "claims"), ("hr", "more"), ("claims", "hr"), ("claims", "other")]
FLIPPED = pytest.mark.parametrize("flipped", [False, True], ids=["the source decides", "the target decides"])
PAIRED = pytest.mark.parametrize(("source", "target"), PAIRS, ids=["-".join(pair) for pair in PAIRS])


def spellings(site: Any, source: str, target: str) -> list[str]:
    """How a caller at the door of ``source`` may name the instance."""
    mine, other = site.natives[source], site.natives[target]
    named = [mine, f"{source}:{mine}", f"{target}:{other}"]
    return [*named, other] if ALIKE[target] == "camunda7" else named  # a number may be an instance of either IBM engine


@PAIRED
@FLIPPED
async def test_read_and_write_at_a_door_reach_the_side_that_decides_alone(site: Any, source, target, flipped) -> None:
    owner = join(site, source, target, flipped=flipped)
    for written in spellings(site, source, target):
        if ALIKE[source] == "camunda7":
            done = await site.camunda("POST", f"/process-instance/{written}/variables", SET)
            read = await site.camunda("GET", f"/process-instance/{written}/variables/note?deserializeValue=false")
            value = read.json["value"]
            described = await site.camunda("GET", f"/process-instance/{written}")
            shown = described.json["id"]
        else:
            done = await site.ibm("PUT", f"/process/{written}/variables", {"note": "new"})
            read = await site.ibm("GET", f"/process/{written}?parts=header%7Cdata")
            value, shown = read.json["data"]["variables"]["note"], read.json["data"]["piid"]
        assert (done.status // 100, read.status, value) == (2, 200, "new")
        assert set(site.engines) == {owner}, written
        assert shown == written
        site.forget()


@FLIPPED
async def test_what_no_command_says_is_relayed_with_the_ids_of_the_side_that_decides(site: Any, flipped) -> None:
    owner = join(site, "hr", "more", flipped=flipped)
    native, written = site.natives[owner], site.natives["hr"]
    answer = await site.camunda("GET", f"/task?processInstanceId={written}&sortBy=created&sortOrder=asc")
    assert answer.status == 200
    assert {each["processInstanceId"] for each in answer.json} == {written}
    answer = await site.camunda("POST", "/task", {"processInstanceId": written, "name": written})
    [(asked, sent)] = [each for each in site.heard if each[1].method == "POST"]
    assert (asked, json.loads(sent.body)) == (owner, {"processInstanceId": native, "name": written})
    assert set(site.engines) == {owner}


async def test_what_no_command_says_is_refused_where_the_side_that_decides_speaks_another_language(site: Any) -> None:
    join(site, "hr", "claims", flipped=True)
    written = site.natives["hr"]
    for method, path, body in (
        ("GET", f"/task?processInstanceId={written}", None),
        ("POST", "/task", {"processInstanceId": written}),
        ("GET", f"/process-instance/{written}/comment", None),
        ("POST", "/process-instance/suspended", {"processInstanceIds": [written], "suspended": True}),
    ):
        answer = await site.camunda(method, path, body)
        assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
    assert site.engines == []


async def test_call_that_names_instances_of_two_engines_is_refused(site: Any) -> None:
    join(site, "hr", "more", flipped=True)
    other = site.fakes["hr"].showcase()
    body = {"processInstanceIds": [site.natives["hr"], other], "suspended": True}
    answer = await site.camunda("POST", "/process-instance/suspended", body)
    assert (answer.status, site.engines) == (400, [])
    assert "engine more" in answer.json["message"]


async def test_state_is_changed_on_the_side_that_decides(site: Any) -> None:
    join(site, "hr", "more", flipped=True)
    answer = await site.camunda("PUT", f"/process-instance/{site.natives['hr']}/suspended", {"suspended": True})
    assert (answer.status, set(site.engines)) == (204, {"more"})


@pytest.mark.parametrize("target", ["more", "claims"])
async def test_message_goes_to_the_side_that_decides(site: Any, target: str) -> None:
    join(site, "hr", target, flipped=True)
    body = {"messageName": "none", "processInstanceId": site.natives["hr"]}
    _ = await site.camunda("POST", "/message", body)
    assert "hr" not in site.engines


@pytest.mark.parametrize("door", ["hr", "claims"])
@pytest.mark.parametrize("kind", ["completed", "claimed", "read"])
async def test_task_of_the_side_that_was_left_is_never_reached(site: Any, door: str, kind: str) -> None:
    target = {"hr": "claims", "claims": "hr"}[door]
    task = task_of(site, door)
    join(site, door, target, flipped=True)
    if door == "hr":
        calls = {
            "completed": ("POST", f"/task/{task}/complete", {}), "claimed": ("POST", f"/task/{task}/claim", {"userId": "me"}),
            "read": ("GET", f"/task/{task}/variables", None),
        }  # fmt: skip
        answer = await site.camunda(*calls[kind])
        message = answer.json["message"]
    else:
        calls = {
            "completed": ("PUT", f"/task/{task}?action=complete", None),
            "claimed": ("PUT", f"/task/{task}?action=assign&toMe=true", None), "read": ("GET", f"/task/{task}", None),
        }  # fmt: skip
        answer = await site.ibm(*calls[kind])
        message = answer.json["Data"]["errorMessage"]
    assert f"name the instance: {door}:{site.natives[door]}" in message
    assert answer.status in {404, 500}
    assert [each for name, each in site.heard if each.writes] == []


def task_of(site: Any, engine: str) -> str:
    class Fakes:
        fakes = site.fakes
        hr, claims = (f"{name}:{site.natives[name]}" for name in ("hr", "claims"))

    return str(test_running.task(Fakes, engine))


async def test_execution_of_the_side_that_was_left_is_refused(site: Any) -> None:
    join(site, "hr", "claims", flipped=True)
    site.running.gateway.routing.remember_root("hr", "inner", site.natives["hr"])
    answer = await site.camunda("POST", "/execution/inner/localVariables", SET)
    assert (answer.status // 100, site.engines) == (4, [])
    assert "name the instance" in answer.json["message"]


@pytest.mark.parametrize("lane", ["native", "translated"])
async def test_write_that_waits_at_a_door_is_refused_when_the_instance_is_moved_meanwhile(site: Any, lane: str) -> None:
    native = site.natives["hr"]
    target = {"native": "more", "translated": "claims"}[lane]
    join(site, "hr", target, flipped=lane == "translated")
    locks = site.running.gateway.locks
    entered, gate = asyncio.Event(), asyncio.Event()

    async def busy() -> None:
        entered.set()
        await gate.wait()

    call = Call(deadline=asyncio.get_running_loop().time() + 20, request_id="r")
    holding = asyncio.ensure_future(locks.hold(("hr", native), call, busy))
    await entered.wait()
    writing = asyncio.ensure_future(site.camunda("POST", f"/process-instance/{native}/variables", SET))
    await until(lambda: len(locks._queues[("hr", native)]) == 1)
    made = (link if lane == "translated" else moved)(f"hr:{native}", f"{target}:{site.natives[target]}", 1, changed=2)
    site.link(made)
    gate.set()
    await holding
    answer = await writing
    told = 409 if lane == "native" else 500  # as Camunda tells of a write that another one has overtaken
    assert (answer.status, answer.headers.get("retry-after"), site.engines) == (told, "1", [])


async def test_request_at_a_door_that_never_read_its_links_is_refused(site: Any, monkeypatch) -> None:
    monkeypatch.setattr(site.running.routes, "is_known", False)
    monkeypatch.setattr(site.running.routes, "active", True)
    for path in (f"/process-instance/{site.natives['hr']}/variables", f"/task/{task_of(site, 'hr')}/variables"):
        answer = await site.camunda("GET", path)
        assert (answer.status, site.engines) == (503, [])
    assert (await site.camunda("GET", "/process-definition")).status == 200


async def say(site: Any, method: str, path: str, body: Any, written: str) -> Any:
    if isinstance(body, bytes):
        return await site.ask(method, path, raw=body, **test_three_dialects.FORM)
    given = None if body is None else json.loads(json.dumps(body).replace("{id}", written))
    return await site.ask(method, path, given)


PASSED = [
    ("GET", "/engine-rest/process-instance/{id}/comment", None),
    ("GET", "/engine-rest/job?processInstanceId={id}", None),
    ("GET", "/engine-rest/history/process-instance/{id}", None),
    ("GET", "/engine-rest/execution/{id}/localVariables", None),
    ("POST", "/engine-rest/execution/{id}/localVariables", SET),
    ("POST", "/engine-rest/process-instance/suspended", {"processInstanceIds": ["{id}"], "suspended": True}),
    ("POST", "/engine-rest/message", {"messageName": "none", "processInstanceId": "{id}"}),
    ("GET", "/engine-rest/variable-instance?processInstanceIdIn={id}", None),
    ("GET", "/engine-rest/variable-instance/count?processInstanceIdIn={id}", None),
    ("POST", "/engine-rest/process-instance", {"processInstanceIds": ["{id}"]}),
    ("GET", "/rest/bpm/wle/v1/process?action=getdetails&instanceIds={id}", None),
    ("GET", "/rest/bpm/wle/v1/process/{id}/comments", None),
    ("PUT", "/rest/bpm/wle/v1/process/{id}?action=suspend", None),
    ("POST", "/v1/variables/query", {"instanceIdIn": ["{id}"]}),
    ("POST", "/v1/variables/query/count", {"instanceIdIn": ["{id}"]}),
    ("POST", "/v1/variables/batch", {"items": [{"instance": "{id}", **SET}]}),
    ("POST", "/v1/operations?dryRun=true", {"instanceIdIn": ["{id}"], "deletions": ["note"]}),
    ("POST", "/v1/messages", {"name": "none", "instance": "{id}"}),
    ("PATCH", "/v1/instances/{id}/variables?dryRun=true", SET),
]
"""Calls beside those that one intent says in three dialects; {id} stands for the instance."""


def is_elsewhere(path: str, written: str, source: str) -> bool:
    """Whether a bare id may mean another instance: at another engine's door, or where two engines have numbers."""
    door = HR if path.startswith("/engine-rest") else CLAIMS if path.startswith("/rest/bpm") else None
    return ":" not in written and (door != source if door else written.isdigit())


@PAIRED
@FLIPPED
async def test_no_call_of_any_dialect_by_any_id_reaches_the_side_that_does_not_decide(
    site: Any, source: str, target: str, flipped: bool
) -> None:
    """The property: whoever is asked, and whatever comes of it, the other engine never hears of it."""
    owner = join(site, source, target, flipped=flipped)
    twin = source if flipped else target
    intents = [each for said in test_three_dialects.INTENTS.values() for each in said]
    reached = 0
    for method, path, body in [*intents, *PASSED]:
        for written in spellings(site, source, target):
            if is_elsewhere(path, written, source):
                continue
            answer = await say(site, method, path.replace("{id}", written), body, written)
            assert twin not in site.engines, (method, path, written, answer.status, answer.body)
            assert answer.status < 500 or "/engine-rest" in path, (method, path, written, answer.status, answer.body)
            reached += owner in site.engines
            site.forget()
    assert reached > 50

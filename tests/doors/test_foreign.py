"""No call of the vendors' APIs brings what it names on another engine to the engine behind the front door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from gateway.plan import VendorRequest
from tests.doors.calls import CALLS, Call, nested
from tests.web.across import CLAIMS, HR, VENDOR, Across, across

BASES = {HR: "/engine-rest", CLAIMS: "/rest/bpm/wle/v1"}
SPELLED = {"command": "GET:/rest/bpm/wle/v1/process/{}", "condition": "instanceId|Equals|{}"}
"""How parameters that are no ids themselves hold one."""
LOOKED_UP = (
    "rocessInstance",
    "executionId",
    "instanceIds",
    "targetId",
    "callerProcessId",
    "taskIDs",
    "callerTaskId",
    "TaskidFilter",
    *SPELLED,
)
"""What parameters and members have in their names whose bare values may be known to be another engine's."""


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


def places(call: Call, identity: str, *, bare: bool) -> Iterator[tuple[str, Any]]:
    """Yield targets and bodies of a call, each with an id in one place; with ``bare`` only where it may be known."""
    if call.kind is not None and (not bare or call.kind in {"instance", "execution"}):
        yield call.target(identity), {}
    target = call.target()
    for name in (name for name in call.query if not bare or _is_looked_up(name)):
        yield f"{target}{'&' if '?' in target else '?'}{name}={SPELLED.get(name, '{}').format(identity)}", {}
    for member in (name for name in call.body if not bare or _is_looked_up(name)):
        yield target, nested(member, identity)


def _is_looked_up(name: str) -> bool:
    return any(word in name.rpartition(".")[2] for word in LOOKED_UP)


def names(request: VendorRequest, identity: str) -> bool:
    """Return whether a request to an engine has an id in its path, its query or its body."""
    return identity in json.dumps([request.path, request.query, str(request.body)])


async def reaching(site: Across, door: str, identity: str, *, bare: bool = False) -> list[str]:
    """Return the calls at a door that bring an id to the engine behind it."""
    found: list[str] = []
    for call in CALLS[VENDOR[door]]:
        for target, body in places(call, identity, bare=bare):
            site.forget()
            content = body if call.method in {"POST", "PUT"} else None
            answer = await site.ask(call.method, BASES[door] + target, content)
            if any(engine == door and names(request, identity) for engine, request in site.heard):
                found.append(f"{call.method} {target} {body}: {answer.status}")
    return found


@pytest.mark.parametrize("door", BASES)
async def test_what_names_another_engine_does_not_reach_the_engine_of_the_door(site: Across, door: str) -> None:
    foreign = {HR: f"claims:{site.claims}", CLAIMS: f"hr:{site.hr}"}[door]
    assert await reaching(site, door, foreign) == []


async def test_id_that_is_known_on_another_engine_does_not_reach_the_engine_of_the_door(site: Across) -> None:
    assert (await site.camunda("GET", f"/process-instance/{site.claims}")).status == 200
    assert await reaching(site, HR, site.claims, bare=True) == []


async def test_id_that_the_engine_of_the_door_cannot_have_does_not_reach_it_beside_a_path(site: Across) -> None:
    reached = await reaching(site, CLAIMS, site.hr, bare=True)
    assert [each for each in reached if site.hr in each.partition("?")[2]] == []

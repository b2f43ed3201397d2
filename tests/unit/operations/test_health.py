"""Whether an engine lives, asked within its own short time."""

from __future__ import annotations

import asyncio

import pytest

from adapters import camunda7
from gateway.errors import EngineUnavailable
from gateway.operations import Gateway
from gateway.operations.instances import HEALTH_S, Health, check_health
from gateway.operations.locks import WriteLocks
from gateway.plan import Call
from gateway.port import Credentials
from gateway.routing import Routing


@pytest.mark.parametrize("fails", [False, True], ids=["up", "down"])
async def test_health_costs_the_callers_request_what_it_took(fails: bool) -> None:
    deadlines: list[float] = []

    async def run(_engine: str, plan, call: Call):
        plan.close()
        deadlines.append(call.deadline)
        call.engine_calls += 1
        call.engine_s += 0.5
        if fails:
            raise EngineUnavailable
        return type("Described", (), {"version": "7.24"})

    engine = camunda7.VENDOR.engine("hr", camunda7.VENDOR.settings(), Credentials())
    now = asyncio.get_running_loop().time()
    call = Call(deadline=now + 60, request_id="r", engine_calls=2, engine_s=1.0)
    found = await check_health(Gateway({"hr": engine}, run, WriteLocks(), Routing()), engine, call)
    assert found == (Health(up=False, code="engine-unavailable") if fails else Health(up=True, version="7.24"))
    assert (call.engine_calls, call.engine_s, call.deadline) == (3, 1.5, now + 60)
    assert deadlines[0] <= asyncio.get_running_loop().time() + HEALTH_S

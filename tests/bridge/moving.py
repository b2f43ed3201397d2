"""A gateway before two fake engines on loopback with a plan, links and the jobs of the bridge."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from gateway.bridge.linking import new_link
from gateway.model.bridge import BridgePlan, Link, Side
from gateway.model.bridge_jobs import BridgeItemOutcome, BridgeJob, Throttle
from gateway.model.copying import CopyOutcome
from gateway.operations.bridge.bridge_jobs import BridgeJobs
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.switch import Switch
from gateway.operations.jobs import JobRun
from gateway.operations.jobs.lanes import lane_name
from gateway.store import BridgeJobRecords, LinkRecords, PlanRecords, Settings, Store
from gateway.web.v1.problems import problem
from tests.bridge.pair import CAMUNDA, SOURCE, TARGET, Pair, pair_of


class Queue:
    """Jobs that are deferred; nobody carries them out but the test."""

    def __init__(self, spread: int = 1) -> None:
        self.spread, self.deferred = spread, list[str]()

    async def defer(self, kind: str, *subjects: str) -> None:
        assert kind == "bridge"
        self.deferred += subjects


class Moving:
    """A plan from one engine to the other, and its jobs, carried out step by step."""

    def __init__(self, pair: Pair, store: Store, plan: BridgePlan, spread: int = 1) -> None:
        self.pair, self.plan, self.store = pair, plan, store
        self.on = True
        self.switch = Switch(lambda: self.on)
        self.records, self.queue = BridgeJobRecords(store), Queue(spread)
        self.plans = Plans(PlanRecords(store), self.switch)
        self.links = Links(LinkRecords(store), self.plans.records, switch=self.switch)
        self.ended: list[tuple[str, str]] = []
        self.counted: list[str] = []
        self.jobs = BridgeJobs(
            pair.gateway,
            self.records,
            self.queue,
            links=self.links,
            plans=self.plans,
            spell_problem=lambda error: msgspec.json.encode(problem(error)),
            report=lambda job, state: self.ended.append((job.id, state)),
            count=lambda _kind, outcome, _verdicts: self.counted.append(outcome),
        )

    async def link(self, source: str, target: str) -> Link:
        made = new_link(Side(SOURCE, source), Side(TARGET, target), self.plan.name)
        return await self.links.create(made, "operator")

    async def pairs(self, count: int, held: Any, there: Any = None) -> list[Link]:
        fakes = self.pair.fakes
        return [
            await self.link(fakes[SOURCE].start("claim", held), fakes[TARGET].start("claim", there or {}))
            for _ in range(count)
        ]

    async def create(self, kind: Any = "copy", **throttle: Any) -> str:
        job = BridgeJob(
            id=os.urandom(16).hex(), plan=self.plan.name, kind=kind, caller="operator", throttle=Throttle(**throttle)
        )
        await self.records.create(job)
        return job.id

    def run_of(self, must_stop: Callable[[], bool] = lambda: False) -> JobRun:
        return JobRun(must_stop)

    async def carry_out(self, job_id: str, lane: int = 0, must_stop: Callable[[], bool] = lambda: False) -> bool:
        return await self.jobs.carry_out(lane_name(job_id, lane), self.run_of(must_stop))

    async def done(self, kind: Any = "copy", **throttle: Any) -> BridgeJob:
        """A job from its creation to its end."""
        job_id = await self.create(kind, **throttle)
        while await self.carry_out(job_id):
            await asyncio.sleep(0)
        return await self.shown(job_id)

    async def shown(self, job_id: str) -> BridgeJob:
        job = await self.records.find(job_id)
        assert job is not None
        return job

    async def outcomes(self, job_id: str) -> list[BridgeItemOutcome]:
        return await self.records.list_outcomes(job_id, 0, 100_000)

    async def evidence(self, job_id: str) -> list[CopyOutcome]:
        return [msgspec.json.decode(each.evidence or b"", type=CopyOutcome) for each in await self.outcomes(job_id)]


@contextlib.asynccontextmanager
async def moving(
    source: str = CAMUNDA,
    target: str = CAMUNDA,
    *,
    plan: dict[str, Any] | None = None,
    spread: int = 1,
    store_url: str = "sqlite:///:memory:",
    **more: Any,
) -> AsyncIterator[Moving]:
    """Two engines without instances, and a plan from the first to the second."""
    async with pair_of(source, target, **more) as pair:
        await pair.links.remove(pair.link, [])
        for fake in pair.fakes.values():
            fake.instances.clear()
        store = Store(Settings(url=store_url))  # not the application's, which would carry the jobs out itself
        made = Moving(pair, store, _plan(plan), spread)
        assert await made.plans.records.create(made.plan)
        pair.forget()
        try:
            yield made
        finally:
            await store.close()


def _plan(given: dict[str, Any] | None) -> BridgePlan:
    tree = {"name": "move", "source": SOURCE, "target": TARGET, "selector": {"ids": []}, **(given or {})}
    return msgspec.json.decode(msgspec.json.encode(tree), type=BridgePlan)

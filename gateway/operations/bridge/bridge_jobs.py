"""The jobs of the bridge: one selects the instances of a plan, then many work on them, on any number of machines.

As with bulk operations a job has *lanes*: each takes a chunk of the items, marks it as begun and as its own in a
commit, works on it, and records the outcomes. Items that a lane had begun when its process died are worked on again:
copies write state, so that does no harm. While the bridge is switched off nothing is begun; the rows stay as they are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from gateway.errors import EngineNotFound, PlanNotFound, StoreUnavailable, VarbridgeError
from gateway.model.bridge import BridgePlan
from gateway.model.bridge_jobs import BridgeItem, BridgeItemOutcome, BridgeJob, BridgeJobState, pending_item
from gateway.operations.bridge.assessing import Assessment
from gateway.operations.bridge.copy_items import LinkItems
from gateway.operations.bridge.job_store import BridgeJobStore
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.selecting import Selecting
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobKind, JobRun, Jobs, further_lanes, list_due_lanes, parse_lane

KIND = "bridge"
_CHUNK = 40
"""Items whose begin and whose outcomes are one commit each."""
_STEP_S = 0.2
"""Between two looks at whether a job that waits for its rate must stop."""

Work: TypeAlias = Callable[[list[BridgeItem]], Awaitable[list[BridgeItemOutcome]]]
SpellProblem: TypeAlias = Callable[[VarbridgeError], bytes]
"""Returns an error as a problem in JSON."""
ReportJob: TypeAlias = Callable[[BridgeJob, BridgeJobState], None]
"""Is given a job and the state in which it ended."""
CountItem: TypeAlias = Callable[[str, str, Mapping[str, int]], None]
"""Is given a job's kind, the outcome of an item, and the number of its variables by verdict, once that is stored."""


class BridgeJobs:
    """Carries out the lanes of bridge jobs.

    Args:
        gateway: whose engines they are.
        records: where jobs are stored.
        jobs: defers the further lanes.
        links, plans: of the store; the links know whether the bridge is on.
        spell_problem: spells the errors of jobs.
        report: is told how each job ends.
        count: is told of items that have ended.
    """

    def __init__(  # noqa: PLR0913 - what the jobs are made of, once
        self,
        gateway: Gateway,
        records: BridgeJobStore,
        jobs: Jobs,
        *,
        links: Links,
        plans: Plans,
        spell_problem: SpellProblem,
        report: ReportJob = lambda _job, _state: None,
        count: CountItem = lambda _kind, _outcome, _verdicts: None,
    ) -> None:
        self._gateway, self._records, self._jobs = gateway, records, jobs
        self._links, self._plans, self._switch = links, plans, links.switch
        self._spell_problem, self._report, self._count = spell_problem, report, count

    @property
    def kind(self) -> JobKind:
        """Return these jobs as one of the kinds that a worker carries out."""
        return JobKind(name=KIND, carry_out=self.carry_out, list_due=self.list_due, delete_old=self._delete_old)

    async def _delete_old(self) -> bool:
        """Delete some rows of old jobs, and of links that were removed; return whether there may be more of them."""
        return any([await self._records.delete_old(), await self._links.records.delete_old()])

    async def list_due(self) -> list[str]:
        """Return the lanes that have work left, of all jobs; none while the bridge is switched off."""
        return await list_due_lanes(self._records, self._jobs.spread) if self._switch.is_on else []

    async def carry_out(self, subject: str, run: JobRun) -> bool:
        """Carry on with a lane; return whether it has more to do."""
        job_id, lane = parse_lane(subject)
        job = await self._records.find_row(job_id)
        if job is None or not self._switch.is_on:
            return False
        plan = await self._plans.records.find(job.plan)
        if plan is None:
            await self._fail(job, self._spell_problem(PlanNotFound()))
            return False
        if (missing := _find_missing(plan, self._gateway)) is not None:
            await self._fail(job, self._spell_problem(missing))
            return False
        if job.state == "selecting":
            if lane:
                return False
            if not await self._is_selected(job, plan, run):
                return run.must_stop
            await self._jobs.defer(KIND, *further_lanes(job_id, self._jobs.spread))
        return await self._work(job, plan, lane, run)

    async def _is_selected(self, job: BridgeJob, plan: BridgePlan, run: JobRun) -> bool:
        """Select the instances; return whether the items may begin. An engine that fails fails the job."""
        selecting = Selecting(self._gateway, self._links.records, job, plan, run)
        try:
            async for items, cursor in selecting.pages():
                if run.must_stop or not self._switch.is_on:
                    return False
                await self._records.add_items(job.id, items, cursor)
        except StoreUnavailable:
            raise
        except VarbridgeError as error:
            await self._fail(job, self._spell_problem(error))
            return False
        if await self._records.change_state(job.id, ("selecting",), "running"):
            return True
        await self._end(job)
        return False

    async def _work(self, job: BridgeJob, plan: BridgePlan, lane: int, run: JobRun) -> bool:
        at_once = self._at_once(job, lane)
        if not at_once:
            return False
        work = self._work_of(job, plan, run, at_once)
        begun = await self._records.list_begun(job.id, lane)
        while not run.should_pause and self._switch.is_on:
            items = begun
            if not items:
                taken = await self._records.take_items(job.id, self._chunk(job, at_once), lane)
                items = taken.items
                if items and not await self._is_time(job, taken.wait_s, run):
                    await self._give_back(job, items, run)
                    continue
            if not items:
                await self._end(job)
                return False
            outcomes = await work(items)
            if run.is_lost:
                return True  # whoever has the lane by now works on them again
            await self._records.record(job.id, outcomes)
            for each in outcomes:
                if each.outcome is not None:
                    self._count(job.kind, each.outcome, each.verdicts)
            begun = []
        return self._switch.is_on

    def _work_of(self, job: BridgeJob, plan: BridgePlan, run: JobRun, at_once: int) -> Work:
        if job.kind == "assess":
            return Assessment(self._gateway, self._links, job, plan, run).work
        one = LinkItems(self._gateway, self._links, self._records, job, plan, run).work
        return lambda items: _several(items, one, at_once)

    def _at_once(self, job: BridgeJob, lane: int) -> int:
        """Return how many items a lane works on at the same time; the lanes share what the job may."""
        lanes = min(self._jobs.spread, job.throttle.at_once)
        return 0 if lane >= lanes else job.throttle.at_once // lanes

    @staticmethod
    def _chunk(job: BridgeJob, at_once: int) -> int:
        if job.kind == "assess":
            return _CHUNK * 25  # they are read many at a time
        rate = job.throttle.per_second
        return max(1, min(_CHUNK, 5 * at_once, _CHUNK if rate is None else int(rate)))

    async def _is_time(self, job: BridgeJob, wait_s: float, run: JobRun) -> bool:
        """Wait for the job's rate; return False where it must stop before, or is cancelled."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while (left := until - loop.time()) > 0:
            now = await self._records.find_row(job.id)
            if run.must_stop or not self._switch.is_on or now is None or now.state != "running":
                return False
            await asyncio.sleep(min(left, _STEP_S))
        return True

    async def _give_back(self, job: BridgeJob, items: list[BridgeItem], run: JobRun) -> None:
        """Let others have items that were taken and not worked on."""
        if not run.is_lost:
            await self._records.record(job.id, [pending_item(each) for each in items])

    async def _end(self, job: BridgeJob) -> None:
        if (state := await self._records.end(job.id)) is not None:
            self._report(job, state)

    async def _fail(self, job: BridgeJob, problem: bytes) -> None:
        if await self._records.change_state(job.id, ("selecting", "running"), "failed", problem):
            self._report(job, "failed")
        else:
            await self._end(job)


async def _several(
    items: list[BridgeItem], one: Callable[[BridgeItem], Awaitable[BridgeItemOutcome]], at_once: int
) -> list[BridgeItemOutcome]:
    """Work on items, some at a time; return the outcomes in the order in which they ended.

    Raises:
        StoreUnavailable: one of them could not go on; those that run have ended before.
    """
    left, outcomes = deque(items), list[BridgeItemOutcome]()
    gone: list[StoreUnavailable] = []

    async def work() -> None:
        while left:
            try:
                outcomes.append(await one(left.popleft()))
            except StoreUnavailable as error:
                gone.append(error)
                left.clear()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(items))):
            _ = group.create_task(work())
    if gone:
        raise gone[0]
    return outcomes


def _find_missing(plan: BridgePlan, gateway: Gateway) -> EngineNotFound | None:
    """Return the error for the first engine of a plan that is no longer configured."""
    missing = [name for name in (plan.source, plan.target) if name not in gateway.engines]
    return EngineNotFound(f"The engine {missing[0]} is no longer configured.") if missing else None

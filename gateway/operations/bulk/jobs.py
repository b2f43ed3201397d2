"""The jobs of bulk operations: one selects the instances, then many change them, on as many machines as there are.

An operation has *lanes*: jobs that each take a chunk of the items, mark it as started and as theirs in a commit, change
the items, and record the outcomes, until no item is left. Items that a lane had started when its process died are read
back first: where the change is already there, it is not written again. The first lane also selects the instances, so
its job is there from the start to the end of the operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bulk import BulkOperation, BulkState, Change
from gateway.operations.bulk.items import ITEM_S, ItemChanges, SpellProblem
from gateway.operations.bulk.store import OperationStore
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobKind, JobRun, Jobs, further_lanes, list_due_lanes, parse_lane
from gateway.plan import Call

KIND = "bulk"
_CHUNK = 40
"""Items whose start and whose outcomes are one commit each; at most so many of a lane are read back after a crash."""

SelectInstances: TypeAlias = Callable[[BulkOperation, Callable[[], Call]], AsyncIterator[list[str]]]
"""Yields the canonical ids of an operation's instances, page by page; is given a function that returns new calls."""
ReportState: TypeAlias = Callable[[str, str], None]
"""Is given an operation's id and the state in which it ended."""


class BulkJobs:
    """Carries out the lanes of operations.

    Args:
        gateway: whose engines are written to.
        operations: where operations are stored.
        jobs: defers the further lanes.
        select: finds the instances of an operation.
        spell_problem: spells the errors of operations and items.
        report: is told how each operation ends.
        at_once: items that this process changes at the same time, of however many operations and lanes.
    """

    def __init__(  # noqa: PLR0913 - what the jobs are made of, once
        self,
        gateway: Gateway,
        operations: OperationStore,
        jobs: Jobs,
        select: SelectInstances,
        spell_problem: SpellProblem,
        *,
        report: ReportState = lambda _operation_id, _state: None,
        at_once: int = 8,
    ) -> None:
        self._gateway, self._operations, self._jobs = gateway, operations, jobs
        self._select, self._spell_problem, self._report = select, spell_problem, report
        self._places = asyncio.Semaphore(at_once)

    @property
    def kind(self) -> JobKind:
        """Return these jobs as one of the kinds that a worker carries out."""
        return JobKind(
            name=KIND, carry_out=self.carry_out, list_due=self.list_due, delete_old=self._operations.delete_old
        )

    async def list_due(self) -> list[str]:
        """Return the lanes that have work left, of all operations."""
        return await list_due_lanes(self._operations, self._jobs.spread)

    async def carry_out(self, subject: str, run: JobRun) -> bool:
        """Carry on with a lane; return whether it has more to do."""
        operation_id, lane = parse_lane(subject)
        operation = await self._operations.find_command(operation_id)
        if operation is None or operation.command is None:
            return False
        if operation.state == "selecting":
            if lane:
                return False
            if not await self._is_selected(operation, run):
                return run.must_stop
            await self._jobs.defer(KIND, *further_lanes(operation_id, self._jobs.spread))
        change = msgspec.json.decode(operation.command, type=Change)
        changes = ItemChanges(self._gateway, operation_id, change, self._spell_problem, self._places, run)
        return await self._change_items(operation_id, lane, changes, run)

    async def _is_selected(self, operation: BulkOperation, run: JobRun) -> bool:
        """Select the instances; return whether the items may begin. An engine that fails fails the operation."""
        try:
            return await self._select_all(operation, run)
        except StoreUnavailable:
            raise
        except VarbridgeError as error:
            if not await self._move(operation.id, "selecting", "failed", self._spell_problem(error)):
                _ = await self._move(operation.id, "cancelling", "cancelled")
            return False

    async def _select_all(self, operation: BulkOperation, run: JobRun) -> bool:
        async for instances in self._select(operation, lambda: run.open_call(operation.id, ITEM_S)):
            if run.must_stop:
                return False
            await self._operations.add_instances(operation.id, instances)
        if await self._operations.change_state(operation.id, ("selecting",), "running"):
            return True
        _ = await self._move(operation.id, "cancelling", "cancelled")
        return False

    async def _change_items(self, operation_id: str, lane: int, changes: ItemChanges, run: JobRun) -> bool:
        if started := await self._operations.list_started(operation_id, lane):
            found = await changes.read_back(started)
            if run.is_lost:
                return True
            await self._operations.record(operation_id, found)
        while not run.should_pause:
            items = await self._operations.start_items(operation_id, _CHUNK, lane)
            if not items:
                if (state := await self._operations.end(operation_id)) is not None:
                    self._report(operation_id, state)
                return False
            outcomes = await changes.change(items)
            if run.is_lost:
                return True  # whoever has the lane by now reads the items back
            await self._operations.record(operation_id, outcomes)
        return True

    async def _move(self, operation_id: str, before: BulkState, state: BulkState, problem: bytes | None = None) -> bool:
        """Move an operation to its last state and report it, if it still is in the state before."""
        if moved := await self._operations.change_state(operation_id, (before,), state, problem):
            self._report(operation_id, state)
        return moved

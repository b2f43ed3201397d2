"""The worker that carries out bulk operations in the background: selects the instances, then changes them all.

One process carries out an operation. It holds a lock on the operation (``operations.locks``), so that replicas share
the work and another one goes on where a process has died. Items that a dead process had started are read back first:
where the change is already there, it is not written again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bulk import BulkOperation, BulkState, Change
from gateway.operations.bulk.items import ItemChanges, SpellProblem, new_call
from gateway.operations.bulk.store import OperationStore
from gateway.operations.gateway import Gateway
from gateway.operations.locks import SharedLocks
from gateway.plan import Call

_CHUNK = 40
"""Items whose start and whose outcomes are one commit each; at most so many are read back after a crash."""
_SWEEP_S = 2.0
"""Between two looks for operations that no process carries out."""
_DELETE_OLD_S = 3600.0
"""Between two rounds of deleting operations that ended long ago."""

SelectInstances: TypeAlias = Callable[[BulkOperation, Callable[[], Call]], AsyncIterator[list[str]]]
"""Yields the canonical ids of an operation's instances, page by page; is given a function that returns new calls."""
ReportState: TypeAlias = Callable[[str, str, BaseException | None], None]
"""Is given an operation's id and the state in which it ended, or ``broken`` and our own fault that stopped it."""


def _report_nothing(_operation_id: str, _state: str, _fault: BaseException | None) -> None:
    """Ignore the state of an operation."""


class BulkWorker:
    """Carries out operations until it is closed.

    Args:
        gateway: whose engines are written to.
        operations: where operations are stored.
        select: finds the instances of an operation.
        spell_problem: spells the errors of operations and items.
        report: is told how each operation ends.
        locks: keep other processes from the same operation; None: this process is alone.
        at_once: items of one operation that are changed at the same time.
    """

    def __init__(  # noqa: PLR0913 - what the worker is made of, once
        self,
        gateway: Gateway,
        operations: OperationStore,
        select: SelectInstances,
        spell_problem: SpellProblem,
        *,
        report: ReportState = _report_nothing,
        locks: SharedLocks | None = None,
        at_once: int = 8,
    ) -> None:
        self._gateway, self._operations, self._select = gateway, operations, select
        self._spell_problem, self._report = spell_problem, report
        self._locks, self._at_once = locks, at_once
        self._wake = asyncio.Event()
        self._stopping = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._deleted_old_at = -math.inf

    def start(self) -> None:
        """Begin to look for operations."""
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    def wake(self) -> None:
        """Look for operations at once, since one has been created or cancelled."""
        self._wake.set()

    async def close(self, grace_s: float = 5.0) -> None:
        """Start no more items and let those that run end; the next start goes on with the rest.

        Args:
            grace_s: after so many seconds, what still runs is cancelled.
        """
        self._stopping = True
        self._wake.set()
        if self._sweeper is not None:
            _ = self._sweeper.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=grace_s)
            for task in late:
                _ = task.cancel()
            _ = await asyncio.gather(*late, return_exceptions=True)

    async def _sweep(self) -> None:
        while not self._stopping:
            self._wake.clear()
            with contextlib.suppress(StoreUnavailable):  # the next sweep tries again
                for operation_id in await self._operations.list_unfinished():
                    if operation_id not in self._tasks:
                        self._begin(operation_id)
                await self._delete_old()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S):
                    _ = await self._wake.wait()

    async def _delete_old(self) -> None:
        """Delete old operations once an hour; some rows in each sweep, so that new operations need not wait."""
        now = asyncio.get_running_loop().time()
        if now >= self._deleted_old_at + _DELETE_OLD_S and not await self._operations.delete_old():
            self._deleted_old_at = now

    def _begin(self, operation_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._run_alone(operation_id))
        self._tasks[operation_id] = task
        task.add_done_callback(lambda ended: self._end(operation_id, ended))

    def _end(self, operation_id: str, ended: asyncio.Task[None]) -> None:
        """Let the sweeper begin an unfinished operation again, but report our own fault that stopped it."""
        _ = self._tasks.pop(operation_id, None)
        if not ended.cancelled() and (fault := ended.exception()) is not None:
            self._report(operation_id, "broken", fault)

    async def _run_alone(self, operation_id: str) -> None:
        """Carry out an operation unless another process does."""
        key = ("operations", operation_id)
        try:
            if self._locks is not None:
                _ = await self._locks.acquire(key, Call(deadline=0.0, request_id=operation_id))
        except VarbridgeError:  # another process has it, or the store cannot say
            return
        try:
            await self._run(operation_id)
        except StoreUnavailable:
            return  # a later sweep begins it again
        finally:
            if self._locks is not None:
                self._locks.release(key)

    async def _run(self, operation_id: str) -> None:
        operation = await self._operations.find(operation_id)
        if operation is None or operation.command is None:
            return
        if operation.state == "selecting" and not await self._is_selected(operation):
            return
        change = msgspec.json.decode(operation.command, type=Change)
        await self._change_items(
            operation_id, ItemChanges(self._gateway, operation_id, change, self._spell_problem, self._at_once)
        )

    async def _is_selected(self, operation: BulkOperation) -> bool:
        """Select the instances; return whether the items may begin. An engine that fails fails the operation."""
        try:
            return await self._select_all(operation)
        except StoreUnavailable:
            raise
        except VarbridgeError as error:
            if not await self._move(operation.id, "selecting", "failed", self._spell_problem(error)):
                _ = await self._move(operation.id, "cancelling", "cancelled")
            return False

    async def _select_all(self, operation: BulkOperation) -> bool:
        async for instances in self._select(operation, lambda: new_call(operation.id)):
            if self._stopping:
                return False
            await self._operations.add_instances(operation.id, instances)
        if await self._operations.change_state(operation.id, ("selecting",), "running"):
            return True
        _ = await self._move(operation.id, "cancelling", "cancelled")
        return False

    async def _change_items(self, operation_id: str, changes: ItemChanges) -> None:
        if started := await self._operations.list_started(operation_id):
            await self._operations.record(operation_id, await changes.read_back(started))
        while not self._stopping and self._is_ours(operation_id):
            items = await self._operations.start_items(operation_id, _CHUNK)
            if not items:
                if not await self._move(operation_id, "running", "completed"):
                    _ = await self._move(operation_id, "cancelling", "cancelled")
                return
            await self._operations.record(operation_id, await changes.change(items))

    async def _move(self, operation_id: str, before: BulkState, state: BulkState, problem: bytes | None = None) -> bool:
        """Move an operation to its last state and report it, if it still is in the state before."""
        if moved := await self._operations.change_state(operation_id, (before,), state, problem):
            self._report(operation_id, state, None)
        return moved

    def _is_ours(self, operation_id: str) -> bool:
        return self._locks is None or self._locks.holds(("operations", operation_id))

"""Bulk operations, carried out in the background: selected, then changed item by item, to the end, by one process.

A process takes an operation like a write lock (``operations.locks``), so replicas share the work and another goes on
where one has died. Items that were started by a process that is gone are read back: what stands there already is not
written again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bulk import Change, Item, Operation, Outcome, State
from gateway.model.commands import ListVariables, PatchVariables
from gateway.operations import variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.idempotency import intents
from gateway.operations.locks import SharedLocks
from gateway.operations.placing import parse_canonical
from gateway.plan import Call

_CHUNK = 40
"""Items that are started and finished with one commit each; so many are read back after a crash."""
_ITEM_S = 60.0
"""Longest time for one item."""
_TRIES = 3
"""Of an item that failed with nothing applied and may be repeated, at growing pauses."""
_PAUSE_S = 0.5
_SWEEP_S = 2.0
"""Between two looks for operations that nobody carries out."""
_FORGET_S = 3600.0


class Rows(Protocol):
    """Where operations are kept (``gateway.store.operations``)."""

    async def found(self, operation_id: str) -> Operation | None:
        """Give an operation."""
        ...

    async def unfinished(self) -> list[str]:
        """Give those that are to be carried out."""
        ...

    async def selected(self, operation_id: str, instances: Sequence[str]) -> None:
        """Add instances."""
        ...

    async def became(
        self, operation_id: str, before: Sequence[State], state: State, problem: bytes | None = None
    ) -> bool:
        """Change the state."""
        ...

    async def started(self, operation_id: str, count: int) -> list[Item]:
        """Start items."""
        ...

    async def unsettled(self, operation_id: str) -> list[Item]:
        """Give items of which nobody knows how they went."""
        ...

    async def finished(self, operation_id: str, outcomes: Sequence[Outcome]) -> None:
        """Keep how items went."""
        ...

    async def swept(self) -> bool:
        """Forget a piece of what ended long ago; tell whether there may be more."""
        ...


Select = Callable[[Operation, Callable[[], Call]], AsyncIterator[list[str]]]
"""Gives the instances of an operation, by canonical id, in pieces."""
Told = Callable[[VarbridgeError], bytes]
"""Spells an error as a problem, in JSON."""
Reported = Callable[[str, str, BaseException | None], None]
"""Is told the id of an operation and its state, or the fault of ours that keeps it from going on."""


def _unreported(_operation_id: str, _state: str, _fault: BaseException | None) -> None:
    """Tell nobody."""


class Bulk:
    """Carries operations out.

    Args:
        reported: told of begins, ends and faults.
        locks: keep other processes from the same operation; None = this process is alone.
        at_once: items at once.
    """

    def __init__(  # noqa: PLR0913 - what it is made of, once
        self,
        gateway: Gateway,
        rows: Rows,
        select: Select,
        told: Told,
        *,
        reported: Reported = _unreported,
        locks: SharedLocks | None = None,
        at_once: int = 8,
    ) -> None:
        self._reported = reported
        self._gateway, self._rows, self._select, self._told = gateway, rows, select, told
        self._locks, self._at_once = locks, at_once
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._forgot_at = -math.inf

    def start(self) -> None:
        """Begin to look for operations."""
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    def wake(self) -> None:
        """Look at once: there is a new one."""
        self._wake.set()

    async def close(self, grace_s: float = 5.0) -> None:
        """Let the items that run end, start no others; what is left goes on at the next start."""
        self._stopping = True
        self._wake.set()
        if self._sweeper is not None:
            _ = self._sweeper.cancel()
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=grace_s)
            for task in late:
                _ = task.cancel()
            _ = await asyncio.gather(*late, return_exceptions=True)

    async def _sweep(self) -> None:
        while not self._stopping:
            self._wake.clear()
            with contextlib.suppress(StoreUnavailable):  # looked again soon
                for operation_id in await self._rows.unfinished():
                    if operation_id not in self._running:
                        self._begin(operation_id)
                await self._forget_old()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S):
                    _ = await self._wake.wait()

    async def _forget_old(self) -> None:
        """Forget what ended long ago, once an hour; a piece at a time, since new operations wait meanwhile."""
        now = asyncio.get_running_loop().time()
        if now >= self._forgot_at + _FORGET_S and not await self._rows.swept():
            self._forgot_at = now

    def _begin(self, operation_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._owned(operation_id))
        self._running[operation_id] = task
        task.add_done_callback(lambda ended: self._forget(operation_id, ended))

    def _forget(self, operation_id: str, ended: asyncio.Task[None]) -> None:
        """Let the sweeper take it up again; a fault of ours is told, or it would go round in silence."""
        _ = self._running.pop(operation_id, None)
        if not ended.cancelled() and (fault := ended.exception()) is not None:
            self._reported(operation_id, "broken", fault)

    async def _owned(self, operation_id: str) -> None:
        """Carry one out if nobody else does."""
        key = ("operations", operation_id)
        try:
            if self._locks is not None:
                _ = await self._locks.acquire(key, Call(deadline=0.0, request_id=operation_id))
        except VarbridgeError:  # another process has it, or nobody can say
            return
        try:
            await self._carried_out(operation_id)
        except StoreUnavailable:
            return  # the sweeper comes back to it
        finally:
            if self._locks is not None:
                self._locks.hand_on(key, lambda: None, wanted=False)

    async def _carried_out(self, operation_id: str) -> None:
        operation = await self._rows.found(operation_id)
        if operation is None or operation.command is None:
            return
        change = msgspec.json.decode(operation.command, type=Change)
        try:
            if operation.state == "selecting" and not await self._selected(operation):
                return
        except VarbridgeError as error:
            if not isinstance(error, StoreUnavailable):
                _ = await self._rows.became(operation_id, ("selecting",), "failed", self._told(error))
                self._reported(operation_id, "failed", None)
                return
            raise
        await self._settled(operation_id, change)
        while not self._stopping and self._is_held(operation_id):
            items = await self._rows.started(operation_id, _CHUNK)
            if not items:
                if await self._rows.became(operation_id, ("running",), "completed"):
                    self._reported(operation_id, "completed", None)
                elif await self._rows.became(operation_id, ("cancelling",), "cancelled"):
                    self._reported(operation_id, "cancelled", None)
                return
            await self._rows.finished(operation_id, await self._changed(items, change, operation_id))

    def _is_held(self, operation_id: str) -> bool:
        return self._locks is None or self._locks.holds(("operations", operation_id))

    async def _selected(self, operation: Operation) -> bool:
        """Walk the query to its end; tell whether the items may begin."""
        async for instances in self._select(operation, lambda: self._call(operation.id)):
            if self._stopping:
                return False
            await self._rows.selected(operation.id, instances)
        if await self._rows.became(operation.id, ("selecting",), "running"):
            return True
        _ = await self._rows.became(operation.id, ("cancelling",), "cancelled")
        return False

    async def _settled(self, operation_id: str, change: Change) -> None:
        """Read back what a process that is gone may have written, and take up again what it has not."""
        items = await self._rows.unsettled(operation_id)
        outcomes = [await self._settle(item, change, operation_id) for item in items]
        if outcomes:
            await self._rows.finished(operation_id, outcomes)

    async def _settle(self, item: Item, change: Change, operation_id: str) -> Outcome:
        blank = Outcome(number=item.number, instance=item.instance)
        try:
            target = parse_canonical(self._gateway, item.instance)
            stands = await self._stands(target, _command(target, change), self._call(operation_id))
        except VarbridgeError:  # the write says what is so of an instance that is gone, or has ended
            return blank
        return msgspec.structs.replace(blank, done=True) if stands else blank

    async def _stands(self, target: Target, command: PatchVariables, call: Call) -> bool:
        """Tell whether everything is so already; where a read could not tell, it is written again, which ends alike."""
        intent = intents.intended(target, command)
        if not intent:
            return False
        wanted = intents.decoded(intent)
        asked = ListVariables(instance=target.native, names=wanted.names)
        return intents.found(wanted, (await variables.list_variables(self._gateway, target, asked, call)).variables)

    async def _changed(self, items: list[Item], change: Change, operation_id: str) -> list[Outcome]:
        left = list(reversed(items))
        outcomes: list[Outcome] = []

        async def work() -> None:
            while left:
                outcomes.append(await self._change(left.pop(), change, operation_id))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._at_once, len(items))):
                _ = group.create_task(work())
        return outcomes

    async def _change(self, item: Item, change: Change, operation_id: str) -> Outcome:
        for tried in range(1, _TRIES + 1):
            try:
                target = parse_canonical(self._gateway, item.instance)
                command = _command(target, change)
                _ = await variables.patch_variables(self._gateway, target, command, self._call(operation_id))
            except VarbridgeError as error:
                if tried == _TRIES or not error.retryable or error.outcome != "not_applied":
                    return self._failed(item, error)
                await asyncio.sleep(_PAUSE_S * tried)
            else:
                break
        return Outcome(number=item.number, instance=item.instance, done=True)

    def _failed(self, item: Item, error: VarbridgeError) -> Outcome:
        return Outcome(number=item.number, instance=item.instance, code=error.code, problem=self._told(error))

    @staticmethod
    def _call(operation_id: str) -> Call:
        return Call(deadline=asyncio.get_running_loop().time() + _ITEM_S, request_id=operation_id)


def _command(target: Target, change: Change) -> PatchVariables:
    return PatchVariables(instance=target.native, modifications=change.modifications, deletions=change.deletions)

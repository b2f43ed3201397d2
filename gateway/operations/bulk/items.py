"""Changing the items of a bulk operation: several at once, again after a passing failure, each with an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bulk import BulkItem, Change, ItemOutcome
from gateway.model.commands import ListVariables, PatchVariables
from gateway.operations import variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.idempotency import intents
from gateway.operations.jobs import JobRun
from gateway.operations.placing import parse_canonical
from gateway.plan import Call

ITEM_S = 60.0
"""Deadline of one item, and of one page of the query."""
_TRIES = 3
"""Tries of an item that failed with nothing applied and may be repeated."""
_PAUSE_S = 0.5
"""Pause before the second try; each further pause is longer by as much."""

SpellProblem: TypeAlias = Callable[[VarbridgeError], bytes]
"""Returns an error as a problem in JSON."""


class ItemChanges:
    """The change of one operation, made to item after item.

    Args:
        gateway: whose engines are written to.
        operation_id: the request id of every call.
        change: what is done to each instance.
        spell_problem: spells the errors of items that fail.
        places: bound how many items this process changes at the same time.
        run: the job that changes them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the changes are made of, once
        self,
        gateway: Gateway,
        operation_id: str,
        change: Change,
        spell_problem: SpellProblem,
        places: asyncio.Semaphore,
        run: JobRun,
    ) -> None:
        self._gateway, self._operation_id, self._change = gateway, operation_id, change
        self._spell_problem, self._places, self._run = spell_problem, places, run

    async def change(self, items: Iterable[BulkItem]) -> list[ItemOutcome]:
        """Change every item; return their outcomes. What our own store or lock stopped is pending again."""

        async def work(item: BulkItem) -> ItemOutcome:
            async with self._places:
                return await self._change_one(item)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(item)) for item in items]
        return [task.result() for task in tasks]

    async def read_back(self, items: Iterable[BulkItem]) -> list[ItemOutcome]:
        """Return what became of items that a process started before it died; what cannot be told is pending again."""
        return [await self._read_back_one(item) for item in items]

    async def _change_one(self, item: BulkItem) -> ItemOutcome:
        for tried in range(1, _TRIES + 1):
            try:
                target, command = self._placed(item)
                _ = await variables.patch_variables(self._gateway, target, command, self._open_call())
            except VarbridgeError as error:
                if tried == _TRIES or not error.retryable or error.outcome != "not_applied":
                    return self._unchanged(item, error)
                await asyncio.sleep(_PAUSE_S * tried)
            else:
                break
        return ItemOutcome(number=item.number, instance=item.instance, done=True)

    async def _read_back_one(self, item: BulkItem) -> ItemOutcome:
        pending = ItemOutcome(number=item.number, instance=item.instance)
        try:
            target, command = self._placed(item)
            is_done = await self._is_done(target, command)
        except VarbridgeError:  # the write will say what is wrong: the instance is gone, or has ended
            return pending
        return msgspec.structs.replace(pending, done=True) if is_done else pending

    async def _is_done(self, target: Target, command: PatchVariables) -> bool:
        """Return whether the instance is already as the change makes it.

        False also where reading cannot tell: the item is then written again, with the same end.
        """
        encoded = intents.encode_intent(target, command)
        if not encoded:
            return False
        intent = intents.decode_intent(encoded)
        wanted = ListVariables(instance=target.native, names=intent.names)
        listed = await variables.list_variables(self._gateway, target, wanted, self._open_call())
        return intents.is_fulfilled(intent, listed.variables)

    def _placed(self, item: BulkItem) -> tuple[Target, PatchVariables]:
        target = parse_canonical(self._gateway, item.instance)
        change = self._change
        command = PatchVariables(instance=target.native, modifications=change.modifications, deletions=change.deletions)
        return target, command

    def _open_call(self) -> Call:
        return self._run.open_call(self._operation_id, ITEM_S)

    def _unchanged(self, item: BulkItem, error: VarbridgeError) -> ItemOutcome:
        """Return the outcome of an item that an error ended: failed, unless the error is no matter of the item."""
        if isinstance(error, StoreUnavailable) or self._run.is_lost:
            return ItemOutcome(number=item.number, instance=item.instance)
        problem = self._spell_problem(error)
        return ItemOutcome(number=item.number, instance=item.instance, code=error.code, problem=problem)

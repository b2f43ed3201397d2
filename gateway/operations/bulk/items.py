"""Changing the items of a bulk operation: several at once, again after a passing failure, each with an outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.bulk import BulkItem, Change, ItemOutcome
from gateway.model.commands import ListVariables, PatchVariables
from gateway.operations import variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.idempotency import intents
from gateway.operations.placing import parse_canonical
from gateway.plan import Call

_ITEM_S = 60.0
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
        at_once: items that are changed at the same time.
    """

    def __init__(
        self, gateway: Gateway, operation_id: str, change: Change, spell_problem: SpellProblem, at_once: int
    ) -> None:
        self._gateway, self._operation_id, self._change = gateway, operation_id, change
        self._spell_problem, self._at_once = spell_problem, at_once

    async def change(self, items: Iterable[BulkItem]) -> list[ItemOutcome]:
        """Change every item; return the outcomes in the order in which the items ended."""
        left = deque(items)
        outcomes: list[ItemOutcome] = []

        async def work() -> None:
            while left:
                outcomes.append(await self._change_one(left.popleft()))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._at_once, len(left))):
                _ = group.create_task(work())
        return outcomes

    async def read_back(self, items: Iterable[BulkItem]) -> list[ItemOutcome]:
        """Return what became of items that a process started before it died; what cannot be told is pending again."""
        return [await self._read_back_one(item) for item in items]

    async def _change_one(self, item: BulkItem) -> ItemOutcome:
        for tried in range(1, _TRIES + 1):
            try:
                target, command = self._placed(item)
                _ = await variables.patch_variables(self._gateway, target, command, new_call(self._operation_id))
            except VarbridgeError as error:
                if tried == _TRIES or not error.retryable or error.outcome != "not_applied":
                    return self._failed(item, error)
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
        listed = await variables.list_variables(self._gateway, target, wanted, new_call(self._operation_id))
        return intents.is_fulfilled(intent, listed.variables)

    def _placed(self, item: BulkItem) -> tuple[Target, PatchVariables]:
        target = parse_canonical(self._gateway, item.instance)
        change = self._change
        command = PatchVariables(instance=target.native, modifications=change.modifications, deletions=change.deletions)
        return target, command

    def _failed(self, item: BulkItem, error: VarbridgeError) -> ItemOutcome:
        problem = self._spell_problem(error)
        return ItemOutcome(number=item.number, instance=item.instance, code=error.code, problem=problem)


def new_call(operation_id: str) -> Call:
    """Return a call with the deadline of one item."""
    return Call(deadline=asyncio.get_running_loop().time() + _ITEM_S, request_id=operation_id)

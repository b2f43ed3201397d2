"""Many instances in one call: each item succeeds or fails by itself, and each engine is asked a few at a time.

The answer keeps the order of the items. One idempotency key stands for the whole batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from typing import TypeAlias

import msgspec

from gateway.errors import Fault, InvalidRequest, PreconditionRequired, Unsupported, VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.expect import Expect
from gateway.model.results import VariablesPatched
from gateway.model.values import Value
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import MayUse, locate
from gateway.operations.variables import patch_variables
from gateway.operations.write import claim_key
from gateway.plan import Call

_LOCATED_AT_ONCE = 8
"""Ids that are looked up at once; only bare ones cost anything."""
Located: TypeAlias = Target | VarbridgeError
Outcome: TypeAlias = VariablesPatched | VarbridgeError


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One instance, and what is to be done to it.

    Args:
        instance: the id as the caller wrote it.
        modifications: name to value.
        deletions: names to delete, after the modifications.
        at: pointer of the modifications in the caller's body.
        expect: what must be so for anything to be written.
        refused: why nothing is to be done at all; None = it is to be done.
        conditional: whether the item has a condition; engines may demand one.
    """

    instance: str
    modifications: dict[str, Value] = {}
    deletions: tuple[str, ...] = ()
    at: str = "/modifications"
    expect: Expect | None = None
    refused: VarbridgeError | None = None
    conditional: bool = False

    def command(self, target: Target) -> PatchVariables:
        """Return the command for the instance that the item means."""
        return PatchVariables(
            instance=target.native,
            modifications=self.modifications,
            deletions=self.deletions,
            at=self.at,
            expect=self.expect,
        )


async def locate_items(gateway: Gateway, items: Sequence[Item], may_use: MayUse, call: Call) -> list[Located]:
    """Find out who owns each instance; nothing is written meanwhile.

    Raises:
        InvalidRequest: two items mean the same instance; which of them came last would be chance.
    """
    found: list[Located] = [InvalidRequest()] * len(items)
    left = deque(enumerate(items))

    async def work() -> None:
        while left:
            index, item = left.popleft()
            try:
                found[index] = item.refused or await locate(gateway, item.instance, None, may_use, call)
            except VarbridgeError as error:
                found[index] = error

    await _gather(work() for _ in range(min(_LOCATED_AT_ONCE, len(items))))
    _check_distinct(found)
    return found


def _check_distinct(found: Sequence[Located]) -> None:
    first: dict[tuple[str, str], int] = {}
    twice = [
        index
        for index, target in enumerate(found)
        if isinstance(target, Target) and first.setdefault((target.engine.name, target.native), index) != index
    ]
    if twice:
        raise InvalidRequest(
            "An instance stands in the batch more than once.",
            errors=tuple(Fault(f"/items/{index}/instance", "stands there before") for index in twice),
        )


async def patch_items(  # noqa: PLR0913 - a batch and how to carry it out
    gateway: Gateway,
    items: Sequence[Item],
    targets: Sequence[Located],
    call: Call,
    *,
    atomic: bool,
    at_once: int,
) -> list[Outcome]:
    """Patch the instance of every item; an item that fails keeps no other from being done.

    Args:
        gateway: whose engines are asked.
        items: what is to be done.
        targets: the instance of each item, or why there is none.
        call: of the whole batch.
        atomic: whether an engine must promise all or nothing of an item; one that cannot refuses its items.
        at_once: items that are carried out at once on one engine.
    """
    done: list[Outcome] = [Unsupported()] * len(items)
    queues: dict[str, deque[tuple[int, Target]]] = {}
    for index, (item, target) in enumerate(zip(items, targets, strict=True)):
        refused = target if isinstance(target, VarbridgeError) else _refusal(item, target, atomic=atomic)
        if refused is not None:
            done[index] = refused
        elif isinstance(target, Target):
            queues.setdefault(target.engine.name, deque()).append((index, target))
    if queues:
        await claim_key(call)

    async def work(queue: deque[tuple[int, Target]]) -> None:
        while queue:
            index, target = queue.popleft()
            try:
                done[index] = await patch_variables(gateway, target, items[index].command(target), call)
            except VarbridgeError as error:
                done[index] = error.with_traceback(None)  # it has this frame, and would hold the whole batch with it

    await _gather(work(queue) for queue in queues.values() for _ in range(min(at_once, len(queue))))
    return done


def _refusal(item: Item, target: Target, *, atomic: bool) -> VarbridgeError | None:
    """Return why the engine does not take an item, before anything is sent; None = it takes the item."""
    engine = target.engine
    if atomic and "variables.atomic" not in engine.capabilities.features:
        return Unsupported("This engine cannot promise all or nothing.", engine=engine.name)
    if engine.policy.require_if_match and not item.conditional:
        return PreconditionRequired("This engine takes an item only with ifMatch.", engine=engine.name)
    return None


async def _gather(workers: Iterable[Coroutine[object, object, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            _ = group.create_task(worker)

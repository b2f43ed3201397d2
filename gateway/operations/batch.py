"""Many instances in one call: each item stands for itself, order is kept, each engine is asked a few at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence

import msgspec

from gateway.errors import Fault, InvalidRequest, PreconditionRequired, Unsupported, VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.results import VariablesPatched
from gateway.operations import variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.locks import claim_key
from gateway.plan import Call

_FINDING = 8
"""Ids that are looked up at once; only bare ones cost anything."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One instance and what is to be done to it. ``command.instance`` is not known yet.

    Args:
        instance: id as the caller wrote it.
        refused: why nothing is to be done at all, if so.
        conditional: whether it comes with a condition; engines may demand one.
    """

    instance: str
    command: PatchVariables
    refused: VarbridgeError | None = None
    conditional: bool = False


async def located(
    gateway: Gateway, items: Sequence[Item], may: Callable[[str], bool], call: Call
) -> list[Target | VarbridgeError]:
    """Find out who owns each instance; nothing is written meanwhile.

    Raises:
        InvalidRequest: two items mean the same instance: which of them came last would be chance.
    """
    found: list[Target | VarbridgeError] = [InvalidRequest()] * len(items)
    left = deque(enumerate(items))

    async def find() -> None:
        while left:
            index, item = left.popleft()
            try:
                found[index] = item.refused or await gateway.locate(item.instance, None, may, call)
            except VarbridgeError as error:
                found[index] = error

    await _together(find() for _ in range(min(_FINDING, len(items))))
    _check_distinct(found)
    return found


def _check_distinct(found: Sequence[Target | VarbridgeError]) -> None:
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


async def patched(  # noqa: PLR0913 - a batch and how to carry it out
    gateway: Gateway,
    items: Sequence[Item],
    targets: Sequence[Target | VarbridgeError],
    call: Call,
    *,
    atomic: bool,
    at_once: int,
) -> list[VarbridgeError | VariablesPatched]:
    """Carry every item out, ``at_once`` of each engine; a failure is the item's own.

    Where ``atomic`` is asked for, engines that cannot promise all or nothing refuse their items before any call.
    """
    done: list[VarbridgeError | VariablesPatched] = [Unsupported()] * len(items)
    queues: dict[str, deque[tuple[int, Target]]] = {}
    for index, target in enumerate(targets):
        if isinstance(target, VarbridgeError):
            done[index] = target
        elif atomic and "variables.atomic" not in target.engine.capabilities.features:
            done[index] = Unsupported("This engine cannot promise all or nothing.", engine=target.engine.name)
        elif target.engine.policy.require_if_match and not items[index].conditional:
            done[index] = PreconditionRequired(
                "This engine takes an item only with ifMatch.", engine=target.engine.name
            )
        else:
            queues.setdefault(target.engine.name, deque()).append((index, target))
    if queues:
        await claim_key(call)  # once for all of them, before the first

    async def work(queue: deque[tuple[int, Target]]) -> None:
        while queue:
            index, target = queue.popleft()
            command = msgspec.structs.replace(items[index].command, instance=target.native)
            try:
                done[index] = await variables.patched(gateway, target, command, call)
            except VarbridgeError as error:
                done[index] = error.with_traceback(None)  # it has this frame, and would hold the whole batch with it

    await _together(work(queue) for queue in queues.values() for _ in range(min(at_once, len(queue))))
    return done


async def _together(workers: Iterable[Coroutine[object, object, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            _ = group.create_task(worker)

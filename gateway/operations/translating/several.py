"""Handlers of commands on several instances, each at its owner, some at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.errors import InstanceNotFound, VarbridgeError
from gateway.model.commands import Command, ReadEach
from gateway.model.results import EachRead, InstanceRead
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Target
from gateway.operations.placing import place
from gateway.operations.placing_ids import owner_of
from gateway.operations.translating import instances, tokens
from gateway.operations.translating.translation import Translation

_READS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    **instances.HANDLERS,
    **tokens.HANDLERS,
}


async def _read_each(translation: Translation, command: ReadEach) -> EachRead:
    """Read every instance once, however often it is named.

    Raises:
        VarbridgeError: the first failure; instances that do not exist are none.
    """
    reading = [_read(translation, written, command.reads) for written in dict.fromkeys(command.instances)]
    found: list[InstanceRead] = []
    for each in await gather_bounded(reading):
        if isinstance(each, VarbridgeError):
            raise each
        if each is not None:
            found.append(each)
    return EachRead(tuple(found))


async def _read(translation: Translation, written: str, reads: tuple[Command, ...]) -> InstanceRead | None:
    owner = owner_of(translation.gateway, translation.door, written, translation.rights.may_use)
    if owner is None:
        return None
    engine = translation.gateway.engines[owner.engine]
    target = place(translation.gateway, Target(engine, owner.native))
    placed = msgspec.structs.replace(translation, engine=engine, target=target)
    try:
        results = [await _READS[type(read)](placed, read) for read in reads]
    except InstanceNotFound:
        return None
    return InstanceRead(id=written, results=tuple(results))


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {ReadEach: _read_each}

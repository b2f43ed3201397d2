"""The commands of one request in order: the names they touch are checked first, then each has its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from gateway.errors import InstanceNotFound, InvalidRequest, TaskNotFound, VarbridgeError
from gateway.model.commands import Command
from gateway.model.lifecycle import check_texts
from gateway.model.results import InstanceStarted
from gateway.operations.gateway import Target
from gateway.operations.placing_ids import name_new
from gateway.operations.translating import (
    definitions,
    instances,
    lifecycle,
    names,
    searches,
    selecting,
    several,
    tokens,
)
from gateway.operations.translating.translation import Translation

Handler: TypeAlias = Callable[[Translation, Any], Awaitable[msgspec.Struct]]
HANDLERS: Mapping[type[Command], Handler] = {
    **definitions.HANDLERS,
    **instances.HANDLERS,
    **lifecycle.HANDLERS,
    **searches.HANDLERS,
    **selecting.HANDLERS,
    **several.HANDLERS,
    **tokens.HANDLERS,
}
"""How each command is carried out; commands that are not in it are not offered at front doors."""


async def carry_out(translation: Translation, commands: tuple[Command, ...]) -> tuple[msgspec.Struct, ...]:
    """Carry out commands in order, and return their results.

    Commands after a start, or about a task, are about its instance.

    Raises:
        Forbidden: naming variables that the caller may not touch; Unsupported: the engine has no such scope; nothing
            was sent.
        InstanceNotFound, TaskNotFound: nothing of the engine can have such an id; nothing was sent.
        VarbridgeError: as the operations do; with ``outcome`` applied where the command before has written.
    """
    _check_ids(translation)
    for command in commands:
        check_texts(command)
        names.check_names(command, translation.rights)
        instances.check_scope(command, translation)
    results: list[msgspec.Struct] = []
    for command in commands:
        handler = HANDLERS.get(type(command))
        if handler is None:
            raise translation.refuse(command)
        translation = await lifecycle.find_owner(translation, command)
        try:
            result = await handler(translation, command)
        except VarbridgeError as error:
            if any(names.writes(done) for done in commands[: len(results)]):
                error.outcome = "applied"
            raise
        if isinstance(result, InstanceStarted):
            started = Target(translation.engine, result.instance.id)
            translation = msgspec.structs.replace(translation, target=started)
            result = await _named(translation, result)
        results.append(result)
    return tuple(results)


async def _named(translation: Translation, result: InstanceStarted) -> InstanceStarted:
    """Return a start's result with the id by which callers of the front door can name the instance."""
    shown = await name_new(translation.gateway, translation.door, translation.instance, translation.call)
    instance = msgspec.structs.replace(result.instance, id=shown)
    return msgspec.structs.replace(result, instance=instance)


def _check_ids(translation: Translation) -> None:
    """Refuse ids that nothing of the engine can have."""
    engine = translation.engine
    try:
        if translation.target is not None:
            _ = engine.native_id(translation.target.native)
    except InvalidRequest as error:
        raise InstanceNotFound(engine=engine.name) from error
    try:
        if translation.task is not None:
            _ = engine.native_task(translation.task)
    except InvalidRequest as error:
        raise TaskNotFound(engine=engine.name) from error

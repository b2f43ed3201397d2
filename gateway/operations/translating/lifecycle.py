"""Handlers of commands that start instances and move them on, and the owner of a task that is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.errors import TaskNotFound
from gateway.model.commands import Command
from gateway.model.lifecycle import ChangeState, CompleteTask, CorrelateMessage, DescribeTask, StartInstance
from gateway.model.results import (
    Correlated,
    InstanceStarted,
    MessageCorrelated,
    StateChanged,
    TaskCompleted,
    TaskDescribed,
)
from gateway.operations import lifecycle, placing
from gateway.operations.placing_ids import name_found
from gateway.operations.translating.translation import Translation


async def find_owner(translation: Translation, command: Command) -> Translation:
    """Return the translation with the task that is named, and its instance; the engine is asked for it once.

    Raises:
        TaskNotFound: there is no such task, or it is completed and the command is not about completed ones.
    """
    if translation.task is None or translation.described is not None:
        return translation
    gateway, engine, task = translation.gateway, translation.engine, translation.task
    ended = isinstance(command, DescribeTask) and command.ended
    described = await lifecycle.describe_task(gateway, engine, DescribeTask(task=task, ended=ended), translation.call)
    owner = placing.place_task(gateway, engine, task, described)
    return msgspec.structs.replace(translation, target=owner, described=described)


async def _start(translation: Translation, command: StartInstance) -> InstanceStarted:
    return await lifecycle.start_instance(translation.gateway, translation.engine, command, translation.call)


async def _change_state(translation: Translation, command: ChangeState) -> StateChanged:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    return await lifecycle.change_state(translation.gateway, target, command, translation.call)


async def _describe_task(translation: Translation, command: DescribeTask) -> TaskDescribed:
    """Return the task as it was read to find its owner; its instance is named as callers of the front door can."""
    del command
    described = translation.described
    if described is None:
        raise TaskNotFound(engine=translation.engine.name)
    if described.instance is None:
        return described
    shown = name_found(translation.gateway, translation.door, translation.engine, described.instance)
    return msgspec.structs.replace(described, instance=shown)


async def _complete_task(translation: Translation, command: CompleteTask) -> TaskCompleted:
    command = msgspec.structs.replace(command, task=translation.task or command.task)
    return await lifecycle.complete_task(translation.gateway, translation.instance, command, translation.call)


async def _correlate(translation: Translation, command: CorrelateMessage) -> MessageCorrelated:
    target = translation.target
    if target is None and command.instance is not None:
        may_use = translation.rights.may_use
        target, _ = placing.locate_behind(translation.gateway, translation.door, command.instance, may_use)
    native, written = None if target is None else target.native, command.instance
    command = msgspec.structs.replace(command, instance=native)
    receiver = translation.engine if target is None else target
    done = await lifecycle.correlate_message(translation.gateway, receiver, command, translation.call)
    named = {native: written} if target is not None and target.link is not None else {}
    shown = tuple(_shown_to(translation, each, named) for each in done.receivers)
    return msgspec.structs.replace(done, receivers=shown)


def _shown_to(translation: Translation, receiver: Correlated, named: Mapping[str | None, str | None]) -> Correlated:
    """Return a receiver with its id as the caller wrote it, or else one by which it can be named at the front door."""
    gateway, door, engine = translation.gateway, translation.door, translation.engine
    shown = named.get(receiver.instance) or name_found(gateway, door, engine, receiver.instance)
    return msgspec.structs.replace(receiver, instance=shown)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    StartInstance: _start,
    ChangeState: _change_state,
    DescribeTask: _describe_task,
    CompleteTask: _complete_task,
    CorrelateMessage: _correlate,
}

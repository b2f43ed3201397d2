"""Handlers of commands on one instance: the reads and the writes of ``/v1``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from gateway.errors import Unsupported
from gateway.model.commands import (
    Command,
    DescribeInstance,
    GetVariable,
    InstanceWrite,
    ListVariables,
    PatchVariables,
    ReadBinary,
    WriteBinary,
)
from gateway.model.results import BinaryRead, InstanceDescribed, VariableRead, VariablesListed, VariablesPatched
from gateway.model.scope import INSTANCE
from gateway.operations import binaries, instances, variables
from gateway.operations.translating.translation import Translation

C = TypeVar("C", ListVariables, GetVariable, PatchVariables, ReadBinary, WriteBinary)
_TASK = "task:"


async def _describe(translation: Translation, command: DescribeInstance) -> InstanceDescribed:
    target, call = translation.instance, translation.call
    return InstanceDescribed(await instances.describe_instance(translation.gateway, target, call, ended=command.ended))


async def _list(translation: Translation, command: ListVariables) -> VariablesListed:
    command = _placed(translation, command)
    listed = await variables.list_variables(translation.gateway, translation.instance, command, translation.call)
    return VariablesListed(translation.seen(listed.variables), listed.root)


async def _get(translation: Translation, command: GetVariable) -> VariableRead:
    command = _placed(translation, command)
    found = await variables.get_variable(translation.gateway, translation.instance, command, translation.call)
    return VariableRead(translation.masked(found))


async def _patch(translation: Translation, command: PatchVariables) -> VariablesPatched:
    command = _placed(translation, command)
    return await variables.patch_variables(translation.gateway, translation.instance, command, translation.call)


async def _read_content(translation: Translation, command: ReadBinary) -> BinaryRead:
    command = _placed(translation, command)
    return await binaries.read_binary(translation.gateway, translation.instance, command, translation.call)


async def _write_content(translation: Translation, command: WriteBinary) -> VariablesPatched:
    command = _placed(translation, command)
    return await binaries.write_binary(translation.gateway, translation.instance, command, translation.call)


def check_scope(command: Command, translation: Translation) -> None:
    """Refuse what is about a task's own variables where the engine shows none.

    To callers of another vendor's language the instance stands for the task, but for reads only. To those of the
    engine's own language a task's data would be something else.

    Raises:
        Unsupported: it cannot be said there.
    """
    if _has_scopes(translation) or not getattr(command, "scope", INSTANCE).startswith(_TASK):
        return
    if isinstance(command, InstanceWrite):
        raise Unsupported("A task has no variables of its own there to write.", engine=translation.engine.name)
    if translation.vendor == translation.engine.vendor:
        raise Unsupported("A task's own data is not offered here.", engine=translation.engine.name)


def _placed(translation: Translation, command: C) -> C:
    """Return a command with the owner's id of the instance.

    Where it is about an execution that stands for the instance in the request, or about the task that is named, its
    scope is that; an engine without such scopes has it as an instance, and a task that is over has no scope any more.
    """
    native, scope, has_scopes = translation.instance.native, command.scope, _has_scopes(translation)
    if scope == f"execution:{command.instance}":
        scope = f"execution:{native}" if has_scopes else INSTANCE
    elif translation.described is not None and scope.startswith(_TASK):
        is_open = translation.described.state == "open"
        scope = f"{_TASK}{translation.task}" if has_scopes and is_open else INSTANCE
    return msgspec.structs.replace(command, instance=native, scope=scope)


def _has_scopes(translation: Translation) -> bool:
    return "variables.scopes" in translation.engine.capabilities.features


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    DescribeInstance: _describe,
    ListVariables: _list,
    GetVariable: _get,
    PatchVariables: _patch,
    ReadBinary: _read_content,
    WriteBinary: _write_content,
}

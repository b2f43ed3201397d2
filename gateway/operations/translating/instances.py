"""Handlers of commands on one instance: the reads and the writes of ``/v1``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from gateway.model.commands import (
    Command,
    DescribeInstance,
    GetVariable,
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


def _placed(translation: Translation, command: C) -> C:
    """Return a command with the owner's id of the instance.

    Where it is about an execution that stands for the instance in the request, its scope is that execution; an engine
    without such scopes has it as an instance.
    """
    native, scope = translation.instance.native, command.scope
    if scope == f"execution:{command.instance}":
        has_scopes = "variables.scopes" in translation.engine.capabilities.features
        scope = f"execution:{native}" if has_scopes else INSTANCE
    return msgspec.structs.replace(command, instance=native, scope=scope)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    DescribeInstance: _describe,
    ListVariables: _list,
    GetVariable: _get,
    PatchVariables: _patch,
    ReadBinary: _read_content,
    WriteBinary: _write_content,
}

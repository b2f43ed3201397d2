"""Handlers of commands on one instance: the reads and the writes of ``/v1``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.model.commands import Command, DescribeInstance, GetVariable, ListVariables, PatchVariables
from gateway.model.results import InstanceDescribed, VariableRead, VariablesListed, VariablesPatched
from gateway.operations import instances, variables
from gateway.operations.translating.translation import Translation


async def _describe(translation: Translation, command: DescribeInstance) -> InstanceDescribed:
    target, call = translation.instance, translation.call
    return InstanceDescribed(await instances.describe_instance(translation.gateway, target, call, ended=command.ended))


async def _list(translation: Translation, command: ListVariables) -> VariablesListed:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    listed = await variables.list_variables(translation.gateway, target, command, translation.call)
    return VariablesListed(translation.seen(listed.variables), listed.root)


async def _get(translation: Translation, command: GetVariable) -> VariableRead:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    found = await variables.get_variable(translation.gateway, target, command, translation.call)
    return VariableRead(translation.masked(found))


async def _patch(translation: Translation, command: PatchVariables) -> VariablesPatched:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    return await variables.patch_variables(translation.gateway, target, command, translation.call)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    DescribeInstance: _describe,
    ListVariables: _list,
    GetVariable: _get,
    PatchVariables: _patch,
}

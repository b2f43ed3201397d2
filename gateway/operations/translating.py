"""Commands that a front-door request means, carried out: by the operations of ``/v1``, within what the caller may see.

The counterpart, for requests that are relayed as they are, is ``relaying``. What must not live here: a vendor's word.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gateway.errors import InstanceNotFound, InvalidRequest, Unsupported
from gateway.model.commands import Command, DescribeInstance, GetVariable, ListVariables, PatchVariables
from gateway.model.results import InstanceDescribed, Variable, VariableRead, VariablesListed
from gateway.model.values import ABSENT
from gateway.operations import instances, variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.relaying import Rights
from gateway.plan import Call

HIDDEN = "The value is hidden from the caller."


async def carry_out(
    gateway: Gateway, target: Target, commands: tuple[Command, ...], rights: Rights, call: Call
) -> tuple[msgspec.Struct, ...]:
    """Carry out commands on one instance, in order, and return their results.

    Args:
        gateway: where.
        target: the instance, whatever the commands call it.
        commands: what a dialect has decoded.
        rights: what of it the caller may see and touch.
        call: its budget.

    Raises:
        Forbidden: naming variables that the caller may not touch; nothing was sent.
        InstanceNotFound: no instance of the engine can have such an id; nothing was sent.
        VarbridgeError: as the operations do.
    """
    try:
        _ = target.engine.native_id(target.native)
    except InvalidRequest as error:
        raise InstanceNotFound(engine=target.engine.name) from error
    for command in commands:
        check_names(command, rights)
    return tuple([await _carry_out(gateway, target, command, rights, call) for command in commands])


async def _carry_out(gateway: Gateway, target: Target, command: Command, rights: Rights, call: Call) -> msgspec.Struct:
    match command:
        case DescribeInstance():
            return InstanceDescribed(await instances.describe_instance(gateway, target, call, ended=command.ended))
        case ListVariables():
            command = msgspec.structs.replace(command, instance=target.native)
            listed = await variables.list_variables(gateway, target, command, call)
            return VariablesListed(tuple(_seen(listed.variables, rights)), listed.root)
        case GetVariable():
            command = msgspec.structs.replace(command, instance=target.native)
            return VariableRead(_masked(await variables.get_variable(gateway, target, command, call), rights))
        case PatchVariables():
            command = msgspec.structs.replace(command, instance=target.native)
            return await variables.patch_variables(gateway, target, command, call)
        case _:
            raise Unsupported(f"{type(command).__name__} is not offered here.", engine=target.engine.name)


def check_names(command: Command, rights: Rights) -> None:
    """Refuse a command on variables that the caller may not touch.

    Raises:
        Forbidden: naming them.
    """
    match command:
        case GetVariable(name=name):
            rights.require_names((name,))
        case PatchVariables():
            rights.require_names((*command.written, *command.deletions))


def _seen(listed: Iterable[Variable], rights: Rights) -> Iterable[Variable]:
    """Yield the variables that the caller may see, those that are masked without their values."""
    for each in listed:
        if rights.may_touch(each.name):
            yield _masked(each, rights)


def _masked(variable: Variable, rights: Rights) -> Variable:
    if not rights.is_masked(variable.name):
        return variable
    hidden = msgspec.structs.replace(variable.value, value=ABSENT)
    return msgspec.structs.replace(variable, value=hidden, size=None, error=HIDDEN)

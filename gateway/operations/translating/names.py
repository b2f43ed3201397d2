"""The variables that a command touches, the scopes that callers need for them, and whether it changes anything."""

from __future__ import annotations

from gateway.errors import Fault, Forbidden
from gateway.model.commands import (
    Command,
    FindInstances,
    GetVariable,
    InstanceWrite,
    ListVariables,
    PatchVariables,
    ReadBinary,
    ReadEach,
    SearchInstances,
    WriteBinary,
)
from gateway.model.lifecycle import CompleteTask, CorrelateMessage, StartInstance
from gateway.model.modification import ModifyInstance, names_in
from gateway.model.query import LISTS, CountVariables, ListLastValues, QueryVariables
from gateway.operations.destinations import Rights

_WRITES = (InstanceWrite, StartInstance, CompleteTask, CorrelateMessage)


def writes(command: Command) -> bool:
    """Return whether a command changes anything."""
    return isinstance(command, _WRITES)


def count_names(command: Command) -> int:
    """Return how many variables or ids a command names; of several lists the longest counts."""
    match command:
        case PatchVariables():
            return len(command.modifications) + len(command.deletions)
        case ModifyInstance():
            return len(names_in(command.instructions))
        case StartInstance() | CompleteTask():
            return len(command.variables)
        case ReadEach():
            return len(command.instances)
        case SearchInstances():
            return len(command.names)
        case CorrelateMessage():
            return len(command.variables) + len(command.local_variables) + len(_keys(command))
        case QueryVariables(filter=wanted) | CountVariables(filter=wanted):
            return max(len(getattr(wanted, name) or ()) for name in (*LISTS, "variable_values"))
        case FindInstances(ids=ids, variables=variables):
            return max(len(ids or ()), len(variables))
        case ListLastValues(instances=named, names=names):
            return max(len(named), len(names or ()))
        case _:
            return 0


def check_names(command: Command, rights: Rights) -> None:
    """Refuse a command on variables that the caller may not touch, or without the scope that it needs for them.

    Raises:
        Forbidden: naming them.
    """
    match command:
        case ReadEach(reads=reads):
            for each in reads:
                _check_read(each, rights)
        case SearchInstances(names=names) if names:
            rights.require("variables:read")
            rights.require_names(names)
        case WriteBinary(name=name):
            rights.require_names((name,))
        case PatchVariables():
            rights.require_names((*command.written, *command.deletions))
        case ModifyInstance():
            _require_writable(names_in(command.instructions), rights)
        case StartInstance():
            rights.require_names(tuple(command.variables))
        case CompleteTask():
            _require_writable(tuple(command.variables), rights)
        case CorrelateMessage():
            _require_writable((*command.variables, *command.local_variables), rights)
            _require_comparable(_keys(command), rights)
        case _:
            _check_read(command, rights)


def _check_read(command: Command, rights: Rights) -> None:
    match command:
        case ListVariables():
            rights.require("variables:read")
        case GetVariable(name=name):
            rights.require_names((name,))
        case ReadBinary(name=name):
            _require_visible(name, rights)


def _keys(command: CorrelateMessage) -> tuple[str, ...]:
    return (*command.correlation_keys, *command.local_correlation_keys)


def _require_visible(name: str, rights: Rights) -> None:
    rights.require_names((name,))
    if rights.is_masked(name):
        raise Forbidden("The variable's value is hidden from the caller.")


def _require_writable(written: tuple[str, ...], rights: Rights) -> None:
    if written:
        rights.require("variables:write")
        rights.require_names(written)


def _require_comparable(compared: tuple[str, ...], rights: Rights) -> None:
    """Refuse keys whose values the caller may not see: who receives the message would give the values away."""
    if not compared:
        return
    rights.require("variables:read")
    rights.require_names(compared)
    hidden = tuple(Fault("", f"variable {name}") for name in compared if rights.is_masked(name))
    if hidden:
        raise Forbidden("The caller may not see some of the variables.", errors=hidden)

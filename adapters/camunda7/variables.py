"""Variables: listed and read. No read here ever deserializes, because such a read writes (seen live).

Reads of lists go through ``POST /variable-instance?deserializeValues=false``, which names an unreadable row instead of
failing the whole list. The counterpart, which writes, is ``patch``.
"""

from __future__ import annotations

import base64

import msgspec

from adapters.camunda7 import faults, scopes, wire
from adapters.camunda7.scopes import Rows, Wanted
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import decode, unreadable
from gateway.model.commands import GetVariable, ListVariables
from gateway.model.etag import BLOBS
from gateway.model.results import Scope, Variable, VariableRead, VariablesListed
from gateway.model.scope import parse_scope
from gateway.model.values import ABSENT, Value, json_text
from gateway.plan import Plan, VendorResponse, fits_path

_OK, _NOT_FOUND = 200, 404


def list_variables(engine: str, settings: Settings, command: ListVariables) -> Plan[VariablesListed]:
    """List variables; blobs by type and name only.

    Raises:
        InstanceNotFound, ScopeNotFound: as it says.
    """
    only = command.names[0] if command.names is not None and len(command.names) == 1 else None
    where = parse_scope(command.scope, lists=True)
    if command.seen and where.kind == "task":
        found = Rows((yield from scopes.seen_rows(engine, ("task", where.id))))
    else:
        wanted = Wanted(instance=command.instance, place=where, name=only, ended=command.ended)
        found = yield from scopes.find_rows(engine, settings, wanted)
    rows = found.rows
    if command.seen and where.kind == "instance" and found.root not in {None, command.instance}:
        rows = yield from scopes.seen_rows(engine, ("process-instance", command.instance))
    names = None if command.names is None else frozenset(command.names)
    shown = (row for row in rows if names is None or row.name in names)
    return VariablesListed(tuple(variable_of(row, command.instance, settings) for row in shown), found.root)


def variable_of(row: wire.WireVariable, instance: str, settings: Settings) -> Variable:
    """Return the variable of a row, a blob without its content."""
    value = value_of(row, settings)
    if value.type in BLOBS:
        value = msgspec.structs.replace(value, value=ABSENT)
    return Variable(name=row.name, value=value, scope=_scope(row, instance), error=error_of(row, value))


def value_of(row: wire.WireVariable, settings: Settings) -> Value:
    """Return the value of a row; one that the engine could not read is absent, though its row says null."""
    value = decode(row, settings)
    return value if row.errorMessage is None else msgspec.structs.replace(value, value=ABSENT)


def error_of(row: wire.WireVariable, value: Value) -> str | None:
    """Return why the value of a row cannot be shown, None where it can; the rest of the list is not affected."""
    return unreadable(value) if row.errorMessage is None else "The engine cannot read this value."


def _scope(row: wire.WireVariable, instance: str) -> Scope | None:
    if row.taskId is not None:
        return Scope(kind="task", id=row.taskId, activity=row.activityInstanceId)
    if row.executionId is not None and row.executionId not in {instance, row.processInstanceId}:
        return Scope(kind="execution", id=row.executionId, activity=row.activityInstanceId)
    return None


def get_variable(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    """Read one variable, blobs in full.

    Raises:
        VariableNotFound, InstanceNotFound, ScopeNotFound: as it says.
    """
    seen_from = _seen_from(command)
    if seen_from is None or not fits_path(command.name):
        return (yield from _read_by_query(engine, settings, command))
    path = (*seen_from, "variables", command.name)
    answer = yield wire.read_request(*path, query=(("deserializeValue", "false"),))
    if answer.status == _NOT_FOUND:
        raise (yield from faults.find_meant(engine, settings, seen_from[1], command.name))
    if answer.status != _OK:
        yield from scopes.failed(engine, answer, seen_from)
    value = decode(wire.decode_body(wire.value_decoder, answer, engine), settings)
    if value.type == "file":
        content = yield wire.read_request(*path, "data")
        value = with_content(engine, value, content)
    error = None if value.value else unreadable(value)
    return VariableRead(Variable(name=command.name, value=value, error=error))


def _seen_from(command: GetVariable) -> scopes.Path | None:
    """Return the scope whose view of a variable is read by its path; None where rows are looked for."""
    if command.scope == "instance":
        return None if command.ended else ("process-instance", command.instance)
    where = parse_scope(command.scope)
    if command.seen and where.kind == "task":
        return ("task", where.id)
    return None if where.inner or command.ended else ("process-instance", command.instance)


def _read_by_query(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    wanted = Wanted(instance=command.instance, place=parse_scope(command.scope), name=command.name, ended=command.ended)
    seen_from = _seen_from(command)
    if seen_from is not None and seen_from[0] == "task":
        found = Rows((yield from scopes.seen_rows(engine, seen_from)))
    else:
        found = yield from scopes.find_rows(engine, settings, wanted)
    row = next((row for row in found.rows if row.name == command.name), None)
    if row is None:
        raise (yield from scopes.find_meant(engine, settings, wanted, found))
    variable = variable_of(row, command.instance, settings)
    if variable.value.type in BLOBS and row.id is not None:
        content = yield wire.read_request(*found.source, row.id, "data")
        filled = with_content(engine, variable.value, content)
        variable = msgspec.structs.replace(variable, value=filled, error=None)
    return VariableRead(variable)


def with_content(engine: str, value: Value, answer: VendorResponse) -> Value:
    """Return a blob with the content of an answer.

    Raises:
        VariableNotFound: it is gone meanwhile.
    """
    if answer.status == _NOT_FOUND:
        raise faults.missing_variable(engine)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return msgspec.structs.replace(value, value=json_text(base64.b64encode(answer.content()).decode("ascii")))

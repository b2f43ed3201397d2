"""Variables: listed and read. No read here ever deserializes, because such a read writes (seen live).

Reads of lists go through ``POST /variable-instance?deserializeValues=false``, which names an unreadable row instead of
failing the whole list. The counterpart, which writes, is ``patch``.
"""

from __future__ import annotations

import base64
from collections.abc import Generator

import msgspec

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import decode
from gateway.errors import InvalidRequest
from gateway.model.commands import GetVariable, ListVariables
from gateway.model.etag import BLOBS
from gateway.model.results import Scope, Variable, VariableRead, VariablesListed
from gateway.model.values import ABSENT, Value, json_text
from gateway.plan import Plan, VendorRequest, VendorResponse, fits_path

_OK, _NOT_FOUND = 200, 404
Rows = Generator[VendorRequest, VendorResponse, list[wire.WireVariable]]


def listed(engine: str, settings: Settings, command: ListVariables) -> Plan[VariablesListed]:
    """List variables; blobs by type and name only.

    Raises:
        InstanceNotFound: there is no such instance.
    """
    rows = yield from rows_of(engine, settings, scope_filter(command))
    if not rows:
        yield from faults.confirm(engine, command.instance)
    wanted = None if command.names is None else frozenset(command.names)
    found = [row for row in rows if wanted is None or row.name in wanted]
    return VariablesListed(tuple(variable_of(row, command.instance) for row in found))


def scope_filter(command: ListVariables) -> dict[str, object]:
    """Give the body of the query for a scope.

    Raises:
        InvalidRequest: there is no such scope.
    """
    kind, _, scope_id = command.scope.partition(":")
    match kind:
        case "instance":
            body: dict[str, object] = {"variableScopeIdIn": [command.instance]}
        case "all":
            body = {"processInstanceIdIn": [command.instance]}
        case "execution" | "task" if scope_id:
            body = {"processInstanceIdIn": [command.instance], "variableScopeIdIn": [scope_id]}
        case _:
            raise InvalidRequest("`scope` is instance, all, execution:ID or task:ID.")
    if command.names is not None and len(command.names) == 1:
        body["variableName"] = command.names[0]
    return body


def rows_of(engine: str, settings: Settings, body: dict[str, object]) -> Rows:
    """Give all rows, page by page; an empty list means nothing until the instance is known to be there."""
    rows: list[wire.WireVariable] = []
    while True:
        query = (
            ("deserializeValues", "false"),
            ("firstResult", str(len(rows))),
            ("maxResults", str(settings.page_size)),
        )
        answer = yield wire.asking("variable-instance", body=body, query=query)
        if answer.status != _OK:
            raise faults.translated(engine, answer, writes=False)
        page = wire.decoded(wire.rows_decoder, answer, engine)
        rows += page
        if len(page) < settings.page_size:
            return rows


def variable_of(row: wire.WireVariable, instance: str) -> Variable:
    """Give a row of a list, a blob without its content."""
    value = decode(row)
    error = None if row.errorMessage is None else "The engine cannot read this value."
    if error is None and value.type not in BLOBS and not value.text:
        error = "The stored text is not JSON."
    if value.type in BLOBS:
        value = msgspec.structs.replace(value, value=ABSENT)
    return Variable(name=row.name, value=value, scope=_scope(row, instance), error=error)


def _scope(row: wire.WireVariable, instance: str) -> Scope | None:
    if row.taskId is not None:
        return Scope(kind="task", id=row.taskId, activity=row.activityInstanceId)
    if row.executionId is not None and row.executionId not in {instance, row.processInstanceId}:
        return Scope(kind="execution", id=row.executionId, activity=row.activityInstanceId)
    return None


def read(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    """Read one variable, blobs in full.

    Raises:
        VariableNotFound, InstanceNotFound: as it says.
    """
    if command.scope != "instance" or not fits_path(command.name):
        return (yield from _read_by_query(engine, settings, command))
    answer = yield wire.reading(
        "process-instance", command.instance, "variables", command.name, query=(("deserializeValue", "false"),)
    )
    if answer.status == _NOT_FOUND:
        raise faults.missing_variable(engine)
    if answer.status != _OK:
        yield from faults.failed(engine, answer, command.instance, writes=False)
    value = decode(wire.decoded(wire.value_decoder, answer, engine))
    if value.type == "file":
        content = yield wire.reading("process-instance", command.instance, "variables", command.name, "data")
        value = with_content(engine, value, content)
    error = None if value.text else "The stored text is not JSON."
    return VariableRead(Variable(name=command.name, value=value, error=error))


def _read_by_query(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    asked = ListVariables(instance=command.instance, names=(command.name,), scope=command.scope)
    rows = yield from rows_of(engine, settings, scope_filter(asked))
    if not rows:
        yield from faults.confirm(engine, command.instance)
    row = next((row for row in rows if row.name == command.name), None)
    if row is None:
        raise faults.missing_variable(engine)
    variable = variable_of(row, command.instance)
    if variable.value.type in BLOBS and row.id is not None:
        content = yield wire.reading("variable-instance", row.id, "data")
        filled = with_content(engine, variable.value, content)
        variable = msgspec.structs.replace(variable, value=filled, error=None)
    return VariableRead(variable)


def with_content(engine: str, value: Value, answer: VendorResponse) -> Value:
    """Give a blob with the content that an answer has.

    Raises:
        VariableNotFound: it is gone meanwhile.
    """
    if answer.status == _NOT_FOUND:
        raise faults.missing_variable(engine)
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    return msgspec.structs.replace(value, value=json_text(base64.b64encode(answer.content()).decode("ascii")))

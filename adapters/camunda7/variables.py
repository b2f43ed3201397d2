"""Variables: listed, read and patched. No read here ever deserializes, because such a read writes (seen live).

Reads of lists go through ``POST /variable-instance?deserializeValues=false``, which names an unreadable row instead of
failing the whole list. All writes go through one ``POST …/variables``: one transaction, any name, one form of error.
"""

from __future__ import annotations

import base64
from collections.abc import Generator

import msgspec

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_name, decode, encode
from gateway.errors import Fault, InvalidRequest, ValueInvalid, ValueNotRepresentable
from gateway.model import jsontext
from gateway.model.commands import GetVariable, ListVariables, PatchVariables
from gateway.model.merge import merged
from gateway.model.results import Scope, Variable, VariableRead, VariablesListed, VariablesPatched
from gateway.model.values import ABSENT, Value, checked, json_text
from gateway.plan import Plan, VendorRequest, VendorResponse, fits_path

_OK, _NO_CONTENT, _NOT_FOUND = 200, 204, 404
_BLOBS = {"bytes", "file"}
Rows = Generator[VendorRequest, VendorResponse, list[wire.WireVariable]]


def listed(engine: str, settings: Settings, command: ListVariables) -> Plan[VariablesListed]:
    """List variables; blobs by type and name only.

    Raises:
        InstanceNotFound: there is no such instance.
    """
    rows = yield from _rows(engine, settings, _scope_filter(command), command.instance)
    wanted = None if command.names is None else frozenset(command.names)
    found = [row for row in rows if wanted is None or row.name in wanted]
    return VariablesListed(tuple(_variable(row, command.instance) for row in found))


def _scope_filter(command: ListVariables) -> dict[str, object]:
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


def _rows(engine: str, settings: Settings, body: dict[str, object], instance: str) -> Rows:
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
            break
    if not rows:
        yield from faults.confirm(engine, instance)
    return rows


def _variable(row: wire.WireVariable, instance: str) -> Variable:
    value = decode(row)
    error = None if row.errorMessage is None else "The engine cannot read this value."
    if error is None and value.type not in _BLOBS and not value.text:
        error = "The stored text is not JSON."
    if value.type in _BLOBS:
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
        value = _with_content(engine, value, content)
    error = None if value.text else "The stored text is not JSON."
    return VariableRead(Variable(name=command.name, value=value, error=error))


def _read_by_query(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    asked = ListVariables(instance=command.instance, names=(command.name,), scope=command.scope)
    rows = yield from _rows(engine, settings, _scope_filter(asked), command.instance)
    row = next((row for row in rows if row.name == command.name), None)
    if row is None:
        raise faults.missing_variable(engine)
    variable = _variable(row, command.instance)
    if variable.value.type in _BLOBS and row.id is not None:
        content = yield wire.reading("variable-instance", row.id, "data")
        filled = _with_content(engine, variable.value, content)
        variable = msgspec.structs.replace(variable, value=filled, error=None)
    return VariableRead(variable)


def _with_content(engine: str, value: Value, answer: VendorResponse) -> Value:
    if answer.status == _NOT_FOUND:
        raise faults.missing_variable(engine)
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    return msgspec.structs.replace(value, value=json_text(base64.b64encode(answer.content()).decode("ascii")))


def patched(engine: str, settings: Settings, command: PatchVariables) -> Plan[VariablesPatched]:
    """Set, merge and delete in one ``POST …/variables``; reads the stored types first only where it must.

    Raises:
        ValueInvalid, ValueTooLong, ValueNotRepresentable, InvalidRequest: before anything that writes.
        InstanceNotFound, ConcurrentUpdate, EngineError: nothing was applied; the engine rolls back as a whole.
    """
    for name in command.deletions:
        check_name(name)
    waiting = [name for name, value in command.modifications.items() if settings.keep_type and keeps(value)]
    modifications = {
        name: encode(name, checked(value, command.pointer(name)), settings, command.pointer(name))
        for name, value in command.modifications.items()
        if name not in waiting
    }
    if waiting or command.merges:
        stored = yield from _stored(engine, settings, command, [*waiting, *command.merges])
        for name in waiting:
            value = kept(command.modifications[name], stored.get(name), command.pointer(name))
            modifications[name] = encode(name, value, settings, command.pointer(name))
        for name, patch in command.merges.items():
            value = _merged(stored.get(name), bytes(patch), command.pointer(name))
            modifications[name] = encode(name, value, settings, command.pointer(name))
    body = wire.WirePatch(modifications=modifications, deletions=command.deletions)
    answer = yield VendorRequest(
        method="POST",
        path=("process-instance", command.instance, "variables"),
        headers=wire.JSON,
        body=wire.encoder.encode(body),
        writes=True,
        idempotent=True,
    )
    if answer.status != _NO_CONTENT:
        yield from faults.failed(engine, answer, command.instance, writes=True)
    return VariablesPatched()


def keeps(value: Value) -> bool:
    """Tell whether the stored type matters: no type given, and a number, string, array or object."""
    return value.type is None and value.text[:1] not in (b"", b"t", b"f", b"n")


def _stored(
    engine: str, settings: Settings, command: PatchVariables, names: list[str]
) -> Generator[VendorRequest, VendorResponse, dict[str, Value]]:
    only = tuple(names) if len(names) == 1 else None
    asked = ListVariables(instance=command.instance, names=only)
    rows = yield from _rows(engine, settings, _scope_filter(asked), command.instance)
    return {row.name: decode(row) for row in rows}


def kept(value: Value, stored: Value | None, pointer: str) -> Value:
    """Give an untyped value with the stored type where it fits, else with the inferred one.

    Raises:
        ValueInvalid, ValueNotRepresentable: it cannot be inferred either.
    """
    if stored is None or stored.type in {"null", "opaque", "file"}:
        return checked(value, pointer)
    candidate = msgspec.structs.replace(
        value,
        type=stored.type,
        format=stored.format,
        class_name=stored.class_name,
        serialization=stored.serialization,
    )
    try:
        return checked(candidate, pointer)
    except (ValueInvalid, ValueNotRepresentable):
        return checked(value, pointer)


def _merged(stored: Value | None, patch: bytes, pointer: str) -> Value:
    if stored is not None and stored.type in {"json", "object", "list"} and not stored.text:
        detail = "The stored text is not JSON, so nothing can be merged into it."
        raise ValueInvalid(detail, errors=(Fault(pointer, detail),))
    structured = stored if stored is not None and stored.type in {"json", "object", "list"} else None
    target = jsontext.parse(structured.text) if structured is not None else None
    text = msgspec.Raw(jsontext.write(merged(target, jsontext.parse(patch))))
    return kept(Value(value=text), structured, pointer)

"""Queries: variables of all instances by ``POST /variable-instance``, one request for a piece of the rows.

Known for 7.13 to 7.24. The engine orders by id alone, or by keys that leave rows equal (``sortBy`` knows no id), so the
keys that were not asked for are added: hardly any two rows have the same name, scope and type.
"""

from __future__ import annotations

import json
import re

import msgspec

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.variables import error_of, value_of
from gateway.errors import EngineMisbehaved, Fault, ValueInvalid, ValueNotRepresentable
from gateway.model.condition import Condition
from gateway.model.etag import BLOBS
from gateway.model.query import (
    CountVariables,
    Filter,
    QueryVariables,
    Row,
    Sort,
    VariablesCounted,
    VariablesFound,
)
from gateway.model.results import Scope, Variable
from gateway.model.values import ABSENT, Value, instant, json_text, text_of
from gateway.plan import Plan, VendorRequest, VendorResponse

_OK, _BAD_REQUEST = 200, 400
_LARGE = 1024 * 1024
"""Bytes of an answer whose rows are counted first; a page of 1000 rows has half of it."""
_KEYS = {"name": "variableName", "scope": "activityInstanceId", "type": "variableType", "tenant": "tenantId"}
_TIE_BREAKERS = ("name", "scope", "type")
# "Max results limit of 50 exceeded!", where queryMaxResultsLimit is set
_MOST = re.compile(r"Max results limit of (\d{1,9}) exceeded")


def query_variables(engine: str, settings: Settings, command: QueryVariables) -> Plan[VariablesFound]:
    """Read ``POST /variable-instance``; nothing is deserialized, because that would write (seen live).

    Raises:
        ValueInvalid: a text that the engine would take for something else.
        EngineMisbehaved: more rows than asked for, or rows without an id.
    """
    body = _body(engine, settings, command.filter)
    if command.sorting:
        body["sorting"] = _sorting(command.sorting)
    limit = min(command.limit, settings.page_size)
    answer = yield _page(body, command.offset, limit)
    if answer.status == _BAD_REQUEST and (told := _MOST.search(faults.error_of(answer).message or "")):
        limit = min(limit, int(told.group(1)))
        answer = yield _page(body, command.offset, limit)
    rows = _rows(engine, settings, answer, limit)
    return VariablesFound(rows=tuple(rows), more=len(rows) == limit)


def count_variables(engine: str, settings: Settings, command: CountVariables) -> Plan[VariablesCounted]:
    """Read ``POST /variable-instance/count``.

    Raises:
        ValueInvalid: as for ``found``.
    """
    answer = yield wire.query_request("variable-instance", "count", body=_body(engine, settings, command.filter))
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return VariablesCounted(wire.decode_body(wire.count_decoder, answer, engine).count)


def _page(body: dict[str, object], offset: int, limit: int) -> VendorRequest:
    query = (("deserializeValues", "false"), ("firstResult", str(offset)), ("maxResults", str(limit)))
    return wire.query_request("variable-instance", body=body, query=query)


def _body(engine: str, settings: Settings, wanted: Filter) -> dict[str, object]:
    """Return the filter in the engine's words; it ignores words that it does not know, so each is written here."""
    body: dict[str, object] = {}
    for name, spelled in zip(wanted.__struct_fields__, wanted.__struct_encode_fields__, strict=True):
        content = getattr(wanted, name)
        if content in (None, False) or name == "variable_values":
            continue
        body["processInstanceIdIn" if name == "instance_id_in" else spelled] = content
    if wanted.variable_values is not None:
        body["variableValues"] = conditions_body(engine, settings, wanted.variable_values)
    return body


def conditions_body(engine: str, settings: Settings, conditions: tuple[Condition, ...]) -> list[dict[str, object]]:
    """Return conditions in the engine's words.

    Raises:
        ValueInvalid: a text that the engine would take for something else.
    """
    return [
        _condition(engine, settings, each, f"/variableValues/{index}/value") for index, each in enumerate(conditions)
    ]


def _condition(engine: str, settings: Settings, condition: Condition, pointer: str) -> dict[str, object]:
    value = condition.value
    if condition.kind == "date-time":
        value = _date(engine, settings, text_of(bytes(value)), pointer)
    elif condition.kind == "string" and _is_misread(text_of(bytes(value)), settings):
        raise _not_sayable(engine, pointer, "This engine takes such a text for a date or for null.")
    return {"name": condition.name, "operator": condition.operator, "value": value}


def _date(engine: str, settings: Settings, text: str, pointer: str) -> msgspec.Raw:
    try:
        return json_text(settings.dates.write(instant(text)))
    except ValueNotRepresentable as error:
        raise _not_sayable(engine, pointer, error.detail) from error


def _is_misread(text: str, settings: Settings) -> bool:
    """Return whether the engine would take a text for a date or for null.

    It reads ``"`` + text + ``"`` as a JSON date first: the empty text and ``null`` are null then, a date is a date.
    """
    try:
        read, _ = json.JSONDecoder().raw_decode(f'"{text}"')
    except ValueError:
        return False
    read = str(read)
    if read.strip() in {"", "null"}:
        return True
    return settings.dates.pattern.lenient.match(read.lstrip()) is not None


def _not_sayable(engine: str, pointer: str, detail: str) -> ValueInvalid:
    return ValueInvalid(detail, engine=engine, errors=(Fault(pointer, detail),))


def _sorting(sorting: tuple[Sort, ...]) -> list[dict[str, str]]:
    keys: dict[str, bool] = {sort.key: sort.descending for sort in sorting}
    keys |= {key: False for key in _TIE_BREAKERS if key not in keys}
    return [{"sortBy": _KEYS[key], "sortOrder": "desc" if down else "asc"} for key, down in keys.items()]


def _rows(engine: str, settings: Settings, answer: VendorResponse, limit: int) -> list[Row]:
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    if len(answer.content()) > _LARGE:  # counted before the rows are made, which take ten times the answer's memory
        _check_count(engine, len(wire.decode_rows(wire.raw_rows_decoder, answer, engine)), limit)
    found = wire.decode_rows(wire.found_decoder, answer, engine)
    _check_count(engine, len(found), limit)
    return [_row(row, engine, settings) for row in found]


def _check_count(engine: str, count: int, limit: int) -> None:
    if count > limit:
        raise EngineMisbehaved("The engine gave more rows than asked for.", engine=engine, engine_status=_OK)


def _row(row: wire.WireRow, engine: str, settings: Settings) -> Row:
    if not row.id:
        raise EngineMisbehaved("A row has no id.", engine=engine, engine_status=_OK)
    definition = row.processDefinitionId
    return Row(
        id=row.id,
        instance=row.processInstanceId,
        definition=definition.split(":")[0] if definition else None,
        definition_id=definition,
        execution=row.executionId,
        case=row.caseInstanceId,
        tenant=row.tenantId,
        variable=_variable(row, settings),
    )


def _variable(row: wire.WireRow, settings: Settings) -> Variable:
    value = value_of(row, settings)
    if value.type in BLOBS:
        value = Value(type=value.type, value=ABSENT, filename=value.filename, media_type=value.media_type)
    return Variable(name=row.name, value=value, scope=_scope(row), error=error_of(row, value))


def _scope(row: wire.WireRow) -> Scope | None:
    instance, activity = row.processInstanceId, row.activityInstanceId
    if row.taskId is not None:
        return Scope(kind="task", id=row.taskId, activity=activity)
    if row.executionId is not None and row.executionId != instance:
        return Scope(kind="execution", id=row.executionId, activity=activity)
    if instance is not None:
        return Scope(kind="instance", id=instance, activity=activity)
    if row.caseExecutionId is not None and row.caseExecutionId != row.caseInstanceId:
        return Scope(kind="case execution", id=row.caseExecutionId, activity=activity)
    if row.caseInstanceId is not None:
        return Scope(kind="case", id=row.caseInstanceId, activity=activity)
    return None if row.batchId is None else Scope(kind="batch", id=row.batchId, activity=activity)

"""Queries: the engine has none for variables, so instances are searched and read, and the filter is evaluated here.

``PUT /search/query`` gives the instances (its index lags some seconds behind), ``GET /process?action=getdetails`` reads
several at once. Rows are in an order of our own, instance by instance, so a query goes on after a row by itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from functools import cmp_to_key

import msgspec

from adapters.ibm_bpm.finding import BATCH, batches, compared_value, find_candidates, read_details, value_conditions
from adapters.ibm_bpm.instances import ENDED, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.decode import in_list, variable_of
from adapters.ibm_bpm.values.stored import stored_in
from adapters.ibm_bpm.variables import PARTS
from adapters.ibm_bpm.wire import WireDetails
from gateway.model.matching import Matcher, precedes
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
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse

_BATCHES = 10
"""Batches of one piece of a query; a sparse filter then gives few rows a piece, but a piece ends in time."""
Conversation = Generator[VendorRequest, VendorResponse, list[Row]]


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a piece ended: after a variable of an instance, or after the whole instance (``name`` None)."""

    instance: int
    name: str | None = None
    type: str | None = None
    format: str | None = None


_position = msgspec.json.Decoder(_Position)


def query_variables(engine: str, settings: Settings, command: QueryVariables) -> Plan[VariablesFound]:
    """Search, read and evaluate: without sorting piece by piece, with it over all instances.

    Raises:
        Unsupported: more instances than ``query_instances``.
        EngineMisbehaved: ``getdetails`` does not tell which instance is which.
    """
    after = None if command.after is None else _position.decode(command.after)
    instances = yield from _candidates(engine, settings, command.filter)
    if command.sorting:
        return (yield from _find_sorted(engine, settings, command, instances, after))
    if after is not None:
        instances = [each for each in instances if each >= after.instance]
    rows: list[Row] = []
    for read in range(0, len(instances), BATCH):
        batch = instances[read : read + BATCH]
        matching = yield from _find_matching(engine, settings, command.filter, batch)
        rows += [row for row in matching if after is None or _beyond(row, after)]
        if len(rows) > command.limit:
            kept = tuple(rows[: command.limit])
            return VariablesFound(rows=kept, more=True, position=kept[-1].position)
        if read >= BATCH * (_BATCHES - 1) and batch[-1] != instances[-1]:
            return VariablesFound(rows=tuple(rows), more=True, position=_position_text(_Position(batch[-1])))
    return VariablesFound(rows=tuple(rows), more=False)


def count_variables(engine: str, settings: Settings, command: CountVariables) -> Plan[VariablesCounted]:
    """Search, read and evaluate everything, a batch at a time.

    Raises:
        Unsupported: more instances than ``query_instances``.
    """
    instances = yield from _candidates(engine, settings, command.filter)
    count = 0
    for batch in batches(instances):
        count += len((yield from _find_matching(engine, settings, command.filter, batch)))
    return VariablesCounted(count)


def _find_sorted(
    engine: str, settings: Settings, command: QueryVariables, instances: list[int], after: _Position | None
) -> Plan[VariablesFound]:
    """Read all instances and keep the first rows after the position; never more than a piece and a batch."""

    def compared(one: Row, other: Row) -> int:
        return _compare(one, other, command.sorting)

    key = cmp_to_key(compared)
    start = None if after is None else key(_placeholder(after))
    kept: list[Row] = []
    for batch in batches(instances):
        matching = yield from _find_matching(engine, settings, command.filter, batch)
        beyond = [row for row in matching if start is None or start < key(row)]
        kept = heapq.nsmallest(command.limit + 1, [*kept, *beyond], key=key)
    rows = tuple(kept[: command.limit])
    return VariablesFound(rows=rows, more=len(kept) > len(rows), position=rows[-1].position if rows else None)


def _compare(one: Row, other: Row, sorting: tuple[Sort, ...]) -> int:
    before = precedes(one, other, sorting)
    if before is None:
        first, second = _of(one), _of(other)
        return (first > second) - (first < second)
    return -1 if before else 1


def _of(row: Row) -> tuple[int, str]:
    return int(row.instance or 0), row.variable.name


def _beyond(row: Row, after: _Position) -> bool:
    instance, name = _of(row)
    return instance > after.instance or (instance == after.instance and after.name is not None and name > after.name)


def _placeholder(position: _Position) -> Row:
    """Return a row that sorts where a position stands."""
    value = Value(type=position.type, format=position.format)
    return Row(id="", instance=str(position.instance), variable=Variable(name=position.name or "", value=value))


def _position_text(position: _Position) -> str:
    return msgspec.json.encode(position).decode()


def _candidates(engine: str, settings: Settings, wanted: Filter) -> Generator[VendorRequest, VendorResponse, list[int]]:
    """Return the ids of the instances that may have matching variables, in order."""
    folded = wanted.variable_names_ignore_case or wanted.variable_values_ignore_case
    conditions = [] if folded else value_conditions(settings, wanted.variable_values or ())
    return (yield from find_candidates(engine, settings, wanted.instance_id_in, conditions))


def _find_matching(engine: str, settings: Settings, wanted: Filter, batch: list[int]) -> Conversation:
    """Read some instances and give the variables that match, in order of instance and name."""
    processes = yield from read_details(engine, settings, batch, PARTS)
    matches = Matcher(wanted)
    rows: list[Row] = []
    for instance in batch:
        wire = processes.get(instance)
        if wire is None or state_of(wire) in ENDED:
            continue
        stored = stored_in(engine, bytes(wire.variables))
        for name in sorted(stored):
            variable = variable_of(name, stored, settings)
            if matches(name, compared_value(variable, settings)):
                rows.append(_row(instance, wire, in_list(variable)))
    return rows


def _row(instance: int, wire: WireDetails, variable: Variable) -> Row:
    name, value = variable.name, variable.value
    return Row(
        id=f"{instance}:{name}",
        instance=str(instance),
        definition=wire.processTemplateName,
        definition_id=wire.processTemplateID,
        variable=msgspec.structs.replace(variable, scope=Scope(kind="instance", id=str(instance))),
        position=_position_text(_Position(instance, name, value.type, value.format)),
    )

"""Finding instances, and reading many of them: for searches here, and for the queries of variables in ``query``.

``PUT /search/query`` gives the instances (its index lags some seconds behind), ``GET /process?action=getdetails`` reads
several at once. What the server's search does not know is evaluated here, on the instances that may be meant.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import msgspec

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.instances import (
    ENDED,
    check_parts,
    definition_name,
    describe_process,
    instance_in,
    search,
    state_of,
)
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.decode import variable_of
from adapters.ibm_bpm.values.stored import stored_in
from adapters.ibm_bpm.variables import PARTS
from adapters.ibm_bpm.wire import DETAILS_LIST, WireDetails, get, instance_number
from gateway.errors import InstanceNotFound, Unsupported
from gateway.model.commands import FindInstances
from gateway.model.condition import Condition
from gateway.model.matching import Matcher
from gateway.model.query import Filter
from gateway.model.results import Instance, InstancesFound, Variable
from gateway.model.values import Value, text_of
from gateway.plan import Plan, VendorRequest, VendorResponse

BATCH = 20
"""Instances read at once: an answer of some megabytes where variables are large."""
Conditions = list[tuple[str, str]]


def find_instances(engine: str, settings: Settings, command: FindInstances) -> Plan[InstancesFound]:
    """Ask ``PUT /search/query`` by instance; where ids or variables are asked for, read the instances.

    Raises:
        Unsupported: by business key, where no searchable variable is set to hold it; or more instances would have to be
            read than ``query_instances``.
    """
    if command.business_key is not None and not settings.business_key:
        raise Unsupported("No searchable variable of this engine is set to hold the business key.", engine=engine)
    name = None
    if command.definition is not None:
        name = yield from definition_name(engine, command.definition)
    conditions = _conditions(settings, command, name)
    if command.ids is None and not command.variables:
        return (yield from _find_by_search(engine, command, conditions))
    return (yield from _find_by_reading(engine, settings, command, name, conditions))


def _conditions(settings: Settings, command: FindInstances, name: str | None) -> Conditions:
    conditions: Conditions = []
    if name is not None:
        conditions.append(("condition", f"bpdName|Equals|{name}"))
    if command.business_key is not None:
        conditions.append(("condition", f"{settings.business_key}|Equals|{command.business_key}"))
    if not command.names_ignore_case and not command.values_ignore_case:
        conditions += value_conditions(settings, command.variables)
    return conditions


def _find_by_search(engine: str, command: FindInstances, conditions: Conditions) -> Plan[InstancesFound]:
    """Search page by page; the server answers one row per task, so rows are made unique by instance.

    The index lags a few seconds behind writes. Served, though deprecated, up to current releases.
    """
    rows: dict[str, Instance] = {}
    wanted = command.offset + command.limit
    offset = 0
    while len(rows) < wanted:
        page = yield from search(engine, conditions, offset)
        rows |= {row.id: row for row in page.rows if row.id not in rows and _is_in_state(row.state, command)}
        if page.next is None:
            break
        offset = page.next
    return InstancesFound(tuple(rows.values())[command.offset : wanted])


def _is_in_state(state: str, command: FindInstances) -> bool:
    if command.state is None:
        return command.ended or state not in ENDED
    return state not in ENDED and (state == "suspended") == (command.state == "suspended")


def _find_by_reading(
    engine: str, settings: Settings, command: FindInstances, name: str | None, conditions: Conditions
) -> Plan[InstancesFound]:
    """Read every instance that may be meant; in the order of their numbers."""
    ids = yield from _candidates(engine, settings, command, conditions)
    matchers = _matchers(command)
    found: list[Instance] = []
    for batch in batches(ids):
        processes = yield from read_details(engine, settings, batch, PARTS if matchers else "header")
        for each in batch:
            wire = processes.get(each)
            if wire is None or name not in {None, wire.processTemplateName}:
                continue
            if _is_in_state(state_of(wire), command) and _fulfils(engine, settings, wire, matchers):
                found.append(instance_in(str(each), wire))
    return InstancesFound(tuple(found[command.offset : command.offset + command.limit]))


def _candidates(
    engine: str, settings: Settings, command: FindInstances, conditions: Conditions
) -> Generator[VendorRequest, VendorResponse, list[int]]:
    """Return the numbers of the ids; only the server's search tells a business key."""
    if command.ids is not None and command.business_key is None:
        return (yield from find_candidates(engine, settings, command.ids, []))
    found = yield from find_candidates(engine, settings, None, conditions, ended=command.ended)
    return found if command.ids is None else [each for each in found if str(each) in command.ids]


def _matchers(command: FindInstances) -> list[Matcher]:
    return [
        Matcher(
            Filter(
                variable_values=(each,),
                variable_names_ignore_case=command.names_ignore_case,
                variable_values_ignore_case=command.values_ignore_case,
            )
        )
        for each in command.variables
    ]


def _fulfils(engine: str, settings: Settings, wire: WireDetails, matchers: list[Matcher]) -> bool:
    """Return whether there is a variable for each condition."""
    if not matchers:
        return True
    stored = stored_in(engine, bytes(wire.variables))
    values = [(each, compared_value(variable_of(each, stored, settings), settings)) for each in stored]
    return all(any(matches(each, value) for each, value in values) for matches in matchers)


def batches(instances: list[int]) -> Iterable[list[int]]:
    """Return the ids in pieces of what is read at once."""
    return (instances[start : start + BATCH] for start in range(0, len(instances), BATCH))


def find_candidates(
    engine: str,
    settings: Settings,
    ids: Iterable[str] | None,
    conditions: list[tuple[str, str]],
    *,
    ended: bool = False,
) -> Generator[VendorRequest, VendorResponse, list[int]]:
    """Return the ids of the instances that a search may be about, in order.

    Args:
        engine: its name.
        settings: its settings.
        ids: these only; then nothing is searched. None = all that the server finds.
        conditions: of the server's own search, as ``value_conditions`` makes them.
        ended: whether those that have ended count too.

    Raises:
        Unsupported: more instances than ``query_instances``.
    """
    if ids is not None:
        return _check_count(engine, settings, {int(each) for each in ids})
    found: set[int] = set()
    offset = 0
    while True:
        page = yield from search(engine, conditions, offset)
        found |= {int(row.id) for row in page.rows if ended or row.state not in ENDED}
        _ = _check_count(engine, settings, found)
        if page.next is None:
            return sorted(found)
        offset = page.next


def _check_count(engine: str, settings: Settings, ids: set[int]) -> list[int]:
    if len(ids) > settings.query_instances:
        raise Unsupported(
            f"This engine's variables are read instance by instance, {settings.query_instances} at most: name fewer "
            "instances, or leave the engine out.",
            engine=engine,
        )
    return sorted(ids)


def value_conditions(settings: Settings, wanted: Sequence[Condition]) -> list[tuple[str, str]]:
    """Return search conditions that every match fulfils: equality with a variable that is set as searchable."""
    conditions: list[tuple[str, str]] = []
    for each in wanted:
        alias = settings.searchable.get(each.name)
        if alias is None or each.operator != "eq" or each.kind not in {"string", "number", "boolean"}:
            continue
        text = text_of(bytes(each.value)) if each.kind == "string" else bytes(each.value).decode()
        if "|" not in text:  # it parts the condition's members, and nothing tells how to write one
            conditions.append(("condition", f"{alias}|Equals|{text}"))
    return conditions


def compared_value(variable: Variable, settings: Settings) -> Value:
    """Return what conditions compare: numbers as of any kind, and an unreadable value as an object, which is not null.

    5 may be a Decimal here, which is compared with 0.5 as well.
    """
    value = variable.value
    if variable.error is not None:
        return Value(type="json", value=msgspec.Raw(b"{}"))
    if value.type not in {"integer", "number"} or settings.types.get(variable.name) == "integer":
        return value
    return Value(type="number", format="decimal", value=value.value)


def read_details(
    engine: str, settings: Settings, batch: list[int], parts: str
) -> Generator[VendorRequest, VendorResponse, dict[int, WireDetails]]:
    """Return parts of some instances by their ids; those that are gone are left out, those that have ended are not."""
    if settings.query_reads == "bulk":
        ids = ",".join(map(str, batch))
        query = (("action", "getdetails"), ("instanceIds", ids), ("parts", parts))
        answer = yield get("process", query=query)
        try:
            return _by_id(engine, faults.data_of(engine, answer, "read", DETAILS_LIST).listed(), parts)
        except InstanceNotFound:
            pass  # one of them is gone: read one by one, which tells which
    processes: dict[int, WireDetails] = {}
    for instance in batch:
        try:
            processes[instance] = yield from describe_process(engine, str(instance), parts, ended=True)
        except InstanceNotFound:
            continue
    return processes


def _by_id(engine: str, processes: list[WireDetails], parts: str) -> dict[int, WireDetails]:
    found_ids = [instance_number(each.piid) for each in processes]
    if None in found_ids:
        raise faults.lacking(engine, 'the id of every instance; query_reads = "single" does without')
    for each in processes:
        check_parts(engine, each, parts)
    return {int(each or 0): process for each, process in zip(found_ids, processes, strict=True)}

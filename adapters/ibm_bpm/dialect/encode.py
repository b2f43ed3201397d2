"""From results to the answers that IBM's server would give: its envelope, and values as plain JSON.

Lists are wrapped and objects have ``@metadata``, as clients of the vendor expect; both are made from the instance and
the path to the node, the same at every read, and kept nowhere. What has no place in this language (blobs in a list,
values that are hidden from the caller or that their engine cannot read) is left out, as the server leaves out what is
not set. The counterpart, for requests, is ``decode``.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from adapters.ibm_bpm.dialect.details import given_parameters, statuses
from adapters.ibm_bpm.dialect.exposed import exposed_items
from adapters.ibm_bpm.dialect.parameters import parts, read_parameters
from adapters.ibm_bpm.dialect.search import search_result
from adapters.ibm_bpm.dialect.tasks import task_details
from adapters.ibm_bpm.dialect.tokens import execution_tree
from adapters.ibm_bpm.values.trees import METADATA
from gateway.errors import InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.results import (
    ActivitiesListed,
    DefinitionsListed,
    EachRead,
    Instance,
    InstanceDescribed,
    InstanceModified,
    InstanceRead,
    InstancesSearched,
    InstanceStarted,
    StateChanged,
    TaskCompleted,
    TaskDescribed,
    Variable,
    VariablesListed,
    VariablesPatched,
)
from gateway.model.values import Value, instant, text_of
from gateway.plan import VendorResponse
from gateway.port import DialectRequest

_JSON = (("Content-Type", "application/json"),)
_DONE = b'{"status":"200","data":{"message":"Successfully updated."}}'
# parts=data as recorded on 8.6.2: keys of parts that were not asked for are there, as null
_NULLS = (
    "description", "richDescription", "caseFolderServerName", "processAppName", "processAppID", "snapshotID", "result",
    "tasks", "documents", "comments", "actionDetails", "actions", "relationship", "data", "executionTree", "diagram",
)  # fmt: skip
_STATES = {
    "active": ("STATE_RUNNING", "Active"),
    "suspended": ("STATE_SUSPENDED", "Suspended"),
    "failed": ("STATE_FAILED", "Failed"),
    "completed": ("STATE_FINISHED", "Completed"),
    "terminated": ("STATE_TERMINATED", "Terminated"),
}
_STATUSES = {state: execution for state, (_, execution) in _STATES.items()}
_CLASS = "Map"
"""Class of objects that have none: without one, an object of ``items`` could not be told from a list."""
_LEFT_OUT = frozenset({"bytes", "file", "opaque"})
_STRUCTURED = frozenset({"json", "list", "object"})
_JSON_FORMAT = "application/json"
_ON_DETAILS = (InstanceDescribed, VariablesListed, ActivitiesListed, InstanceModified, StateChanged)
"""Results whose answer is the details of an instance."""


def encode(request: DialectRequest, results: tuple[msgspec.Struct, ...]) -> VendorResponse | None:
    """Return the answer to a request from the results of its commands; None where this language has none."""
    match results:
        case (VariablesPatched(),):
            return VendorResponse(200, _JSON, _DONE)
        case (InstanceStarted(instance=started), *more):
            asked = parts(read_parameters(request))
            return _success(_shown(tuple(more), started.id, asked) | _header(started, started.id))
        case _ if results and all(isinstance(each, _ON_DETAILS) for each in results):
            asked, instance = parts(read_parameters(request)), request.segments[1]
            return _success(_shown(results, instance, asked))
        case (TaskDescribed() as task, *more):
            return _task(task, tuple(more), request.segments[1])
        case (EachRead(instances),):
            return _success({"processDetails": _each(request, instances)})
        case (InstancesSearched() as searched,):
            return _success(search_result(request, searched, _values(searched), _STATUSES))
        case (DefinitionsListed(definitions),):
            return _success({"exposedItemsList": exposed_items(request, definitions)})
        case _:
            return None


def _success(data: Tree) -> VendorResponse:
    return VendorResponse(200, _JSON, jsontext.write({"status": "200", "data": data}))


def _values(searched: InstancesSearched) -> list[dict[str, Tree]]:
    """Return the variables of each instance that was found, as plain JSON."""
    return [_data(each.instance.id, each.variables)["variables"] for each in searched.found]


def _each(request: DialectRequest, instances: tuple[InstanceRead, ...]) -> list[Tree]:
    """Return the details of instances that are in one of the states that are asked for."""
    given = given_parameters(request)
    asked, wanted = parts(given), statuses(given)
    shown = (each for each in instances if wanted is None or _status(each) in wanted)
    return [_shown(each.results, each.id, asked) for each in shown]


def _status(read: InstanceRead) -> str | None:
    described = next(each.instance for each in read.results if isinstance(each, InstanceDescribed))
    return _STATUSES.get(described.state)


def _part(result: msgspec.Struct, instance: str, asked: frozenset[str]) -> dict[str, Any]:
    """Return what a result adds to an instance's details."""
    match result:
        case InstanceDescribed(described) | StateChanged(instance=Instance() as described) if "header" in asked:
            return _header(described, instance)
        case VariablesListed(variables):
            return _data(instance, variables)
        case ActivitiesListed():
            return {"executionTree": execution_tree(result)}
        case _:
            return {}


def _shown(results: tuple[msgspec.Struct, ...], instance: str, asked: frozenset[str]) -> dict[str, Any]:
    """Return the details of an instance from the results of its reads."""
    details: dict[str, Any] = {**dict.fromkeys(_NULLS), "snapshotTip": False, "variables": None, "businessData": []}
    for each in results:
        details |= _part(each, instance, asked)
    return details


def _task(task: TaskDescribed, more: tuple[msgspec.Struct, ...], written: str) -> VendorResponse | None:
    """Return the details of a task: as it is, with what it sees, or as it is once it is completed."""
    match more:
        case ():
            details = task_details(task, written)
        case (VariablesListed(variables),):
            details = task_details(task, written) | {"data": _data(task.instance or "", variables)}
        case (TaskCompleted(),):
            details = task_details(task, written, completed=True)
        case _:
            return None
    return _success(details)


def _header(instance: Instance, written: str) -> dict[str, Any]:
    """Return the header of an instance, with the id as the caller wrote it."""
    state, execution = _STATES.get(instance.state, (None, None))
    return {
        "piid": written,
        "name": instance.definition,
        "processTemplateName": instance.definition,
        "processTemplateID": instance.definition_id,
        "state": state,
        "executionState": execution,
    }


def _data(instance: str, variables: tuple[Variable, ...]) -> dict[str, Any]:
    shown = {each.name: _tree(each.value, instance, each.name) for each in variables if _has_place(each)}
    return {"variables": {name: tree for name, tree in shown.items() if tree is not _NOWHERE}}


def _has_place(variable: Variable) -> bool:
    return variable.error is None and bool(variable.value.value) and variable.value.type not in _LEFT_OUT


_DEPTH = 200
"""Levels of a value that are shown: engines hold deeper ones than callers may write; each can get a wrapper here."""
_NOWHERE = object()
"""Stands for a value that this language has no form for."""


def _tree(value: Value, instance: str, name: str) -> Tree:
    """Return a value as the vendor's JSON has it, with every digit that it has."""
    if value.type == "date-time" and not value.is_null():
        return _date(value)
    if value.type not in _STRUCTURED and b"\\" not in value.text:  # what is escaped may be half a character
        return value.value
    try:
        tree = jsontext.parse(value.text, depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge):
        return _NOWHERE
    if value.type not in _STRUCTURED or value.serialization not in {None, _JSON_FORMAT}:
        return tree
    return _NOWHERE if _holds_metadata(tree) else _marked(tree, (instance, name), value.class_name)


def _date(value: Value) -> str:
    """Return a date to the second, as the vendor writes it; a fraction stays, for it would be lost if it came back."""
    moment = instant(text_of(value.text))
    if moment.microsecond:
        return text_of(value.text)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z"


def _holds_metadata(node: Tree) -> bool:
    if isinstance(node, dict):
        return METADATA in node or any(map(_holds_metadata, node.values()))
    return isinstance(node, list) and any(map(_holds_metadata, node))


def _marked(node: Tree, path: tuple[str, ...], name: str | None = None) -> Tree:
    """Return a value with lists wrapped, and ``@metadata`` in each list and object."""
    if isinstance(node, list):
        items = [_marked(item, (*path, str(index))) for index, item in enumerate(node)]
        return {"selected": [], "items": items, METADATA: _metadata(path)}
    if isinstance(node, dict):
        marked = {key: _marked(child, (*path, key)) for key, child in node.items()}
        return {**marked, METADATA: {**_metadata(path), "className": name or _CLASS}}
    return node


def _metadata(path: tuple[str, ...]) -> dict[str, Any]:
    made = uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(path))
    return {"objectID": str(made), "dirty": False, "shared": False}

"""Ids that a request in IBM's language names beside its path: in parameters, and in the calls that a bulk call holds.

What must not live here: the ids of paths (``facts``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from adapters.ibm_bpm.dialect.bodies import find_header
from adapters.ibm_bpm.dialect.parameters import FORM
from gateway.errors import VarbridgeError
from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree
from gateway.port import DialectRequest

INSTANCES = frozenset({"instanceIds", "targetId", "callerProcessId"})
"""Parameters whose values are ids of instances."""
SHOWN = frozenset({"piid", "processInstanceId", "instanceId"})
"""Members of answers whose values are ids of instances."""
TASKS = frozenset({"taskIDs", "callerTaskId", "assignTaskidFilter", "collabTaskidFilter"})
"""Parameters whose values are ids of tasks. The same number may be an instance's."""
_COMMAND = "command"
_CONDITION = "condition"
_NAMED = re.compile(r"\binstanceId\|(?:\w+\|)?([^,|]+)")
"""A condition of a search on one instance: ``instanceId|Equals|1355``, or ``instanceId|1355``."""
MANY = INSTANCES | TASKS | {_COMMAND, _CONDITION}
"""Parameters that may stand several times."""
_NEXT = re.compile(r",(?=[A-Z]+:)")
_CALL = re.compile(r"([A-Z]+):(?:https?://[^/]*)?/rest/bpm/wle/v1/([^?]*)\??(.*)", re.DOTALL)


def instances_in(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of instances in the parameters of a query; lists of ids have commas between them."""
    return (*_listed(query, INSTANCES), *_NAMED.findall(query.get(_CONDITION, "")))


def names_in_body(request: DialectRequest) -> bool:
    """Return whether a request may name instances in a body of JSON; those of a form are read with its query."""
    is_read = request.segments == ("process",) and request.query.get("action") == "getdetails"
    return is_read and "instanceIds" not in request.query


def is_form(request: DialectRequest) -> bool:
    """Return whether the body of a request is said to be a form."""
    return find_header(request, "content-type").strip().lower().startswith(FORM)


def holds_json(request: DialectRequest) -> bool:
    """Return whether a request has a body that is no form."""
    return bool(request.body.strip()) and not is_form(request)


def instances_in_body(request: DialectRequest) -> tuple[str, ...]:
    """Return the ids of instances in a body of JSON, ``{"instanceIds": [1, 2]}``; none where it is anything else."""
    try:
        tree = jsontext.parse(request.body) if holds_json(request) else None
    except VarbridgeError:
        return ()
    listed = tree.get("instanceIds") if isinstance(tree, dict) else None
    found = [_id_in_json(each) for each in listed] if isinstance(listed, list) else []
    return tuple(found) if all(found) else ()


def _id_in_json(node: Tree) -> str:
    """Return an id that is a text or a number; empty for anything else."""
    return node if isinstance(node, str) else node.text if isinstance(node, Number) else ""


def tasks_in(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of tasks in the parameters of a query."""
    return tuple(_listed(query, TASKS))


def _listed(query: Mapping[str, str], names: frozenset[str]) -> Iterator[str]:
    for name, value in query.items():
        if name in names:
            yield from filter(None, (each.strip() for each in value.split(",")))


def bulk_calls(query: Mapping[str, str]) -> Iterator[DialectRequest]:
    """Yield the calls that a bulk call holds: ``command=PUT:/rest/bpm/wle/v1/…``."""
    for command in _NEXT.split(query.get(_COMMAND, "")):
        call = _CALL.fullmatch(command.strip())
        if call is not None:
            method, path, parameters = call.groups()
            segments = tuple(unquote(segment) for segment in path.split("/") if segment)
            yield DialectRequest(method=method, segments=segments, query=dict(parse_qsl(parameters)))

"""Ids that a request in IBM's language names beside its path: in parameters, and in the calls that a bulk call holds.

What must not live here: the ids of paths (``facts``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from gateway.port import DialectRequest

INSTANCES = frozenset({"instanceIds", "targetId", "callerProcessId"})
"""Parameters whose values are ids of instances."""
TASKS = frozenset({"taskIDs", "callerTaskId", "assignTaskidFilter", "collabTaskidFilter"})
"""Parameters whose values are ids of tasks. The same number may be an instance's."""
_COMMAND = "command"
_CONDITION = "condition"
_NAMED = re.compile(r"\binstanceId\|\w+\|([^,|]+)")
"""A condition of a search on one instance: ``instanceId|Equals|1355``."""
MANY = INSTANCES | TASKS | {_COMMAND, _CONDITION}
"""Parameters that may stand several times."""
_NEXT = re.compile(r",(?=[A-Z]+:)")
_CALL = re.compile(r"([A-Z]+):(?:https?://[^/]*)?/rest/bpm/wle/v1/([^?]*)\??(.*)", re.DOTALL)


def instances_in(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of instances in the parameters of a query; lists of ids have commas between them."""
    return (*_listed(query, INSTANCES), *_NAMED.findall(query.get(_CONDITION, "")))


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

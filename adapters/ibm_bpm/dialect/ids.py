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
OTHERS = frozenset({"taskIDs", "callerTaskId", "assignTaskidFilter", "collabTaskidFilter"})
"""Parameters whose values are ids of tasks. The same number may be an instance's."""
_COMMAND = "command"
_CONDITION = "condition"
_NAMED = re.compile(r"\binstanceId\|\w+\|([^,|]+)")
"""A condition of a search on one instance: ``instanceId|Equals|1355``."""
MANY = INSTANCES | OTHERS | {_COMMAND, _CONDITION}
"""Parameters that may stand several times."""
_NEXT = re.compile(r",(?=[A-Z]+:)")
_CALL = re.compile(r"([A-Z]+):(?:https?://[^/]*)?/rest/bpm/wle/v1/([^?]*)\??(.*)", re.DOTALL)


def ids_in_query(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids in the parameters of a query; lists of ids have commas between them."""
    found: list[str] = []
    for name, value in query.items():
        if name in INSTANCES:
            found += filter(None, (each.strip() for each in value.split(",")))
        elif name in OTHERS:
            found += (each.strip() for each in value.split(",") if ":" in each)
        elif name == _CONDITION:
            found += _NAMED.findall(value)
    return tuple(found)


def bulk_calls(query: Mapping[str, str]) -> Iterator[DialectRequest]:
    """Yield the calls that a bulk call holds: ``command=PUT:/rest/bpm/wle/v1/…``."""
    for command in _NEXT.split(query.get(_COMMAND, "")):
        call = _CALL.fullmatch(command.strip())
        if call is not None:
            method, path, parameters = call.groups()
            segments = tuple(unquote(segment) for segment in path.split("/") if segment)
            yield DialectRequest(method=method, segments=segments, query=dict(parse_qsl(parameters)))


def of_other(identity: str) -> tuple[str, ...]:
    """Return the id of a thing that runs but is no instance, where it could name an engine: ``engine:id``."""
    return (identity,) if ":" in identity else ()

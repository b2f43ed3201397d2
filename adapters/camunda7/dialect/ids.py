"""Ids that a request in Camunda's language names beside its path: in parameters of its query, in members of its body.

They are read as the engine may read them, however odd the text: whatever could be meant is an id. What must not live
here: the ids of paths (``facts``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from gateway.errors import InvalidRequest

INSTANCES = frozenset(
    (
        "processInstanceId", "processInstanceIds", "processInstanceIdIn", "historicProcessInstanceIds",
        "rootProcessInstanceId", "superProcessInstance", "superProcessInstanceId", "subProcessInstance",
        "subProcessInstanceId", "executionId", "executionIdIn",
    )
)  # fmt: skip
"""Parameters and members whose values are ids of instances and executions."""
TASKS = frozenset({"taskId", "taskIdIn", "parentTaskId", "taskParentTaskId"})
"""Those whose values are ids of tasks. The same number may be an instance's."""
OTHERS = frozenset(
    (
        "externalTaskId", "externalTaskIds", "externalTaskIdIn", "jobId", "jobIds", "incidentId", "incidentIdIn",
        "causeIncidentId", "rootCauseIncidentId", "variableInstanceId", "variableScopeIdIn", "eventSubscriptionId",
    )
)  # fmt: skip
"""Those whose values are ids of other things that run, which no other vendor has."""
_NAMES = INSTANCES | TASKS | OTHERS
_CONTAINERS = frozenset({"orQueries", "query"})
"""Members that hold queries, like all those whose name ends so."""
WITH_BODY = frozenset({"POST", "PUT"})
_ANYWHERE = frozenset({"history", "filter", "migration", "modification", "message", "signal"})
"""What has ids in the bodies of all calls."""
_RESTARTS = frozenset({"restart", "restart-async"})
_RESOURCES = frozenset(
    ("case-instance", "execution", "external-task", "job", "process-instance", "task", "variable-instance")
)
"""What has them in searches, and in calls on many."""
_ON_MANY = frozenset(
    (
        "count", "create", "delete", "delete-historic-query-based", "job-retries", "job-retries-historic-query-based",
        "message-async", "retries", "retries-async", "suspended", "suspended-async", "variables-async",
    )
)  # fmt: skip
"""What stands behind a resource in calls on many."""


def has_ids(method: str, path: tuple[str, ...]) -> bool:
    """Return whether the body of a call may have ids of what runs."""
    if method not in WITH_BODY or not path:
        return False
    resource, *below = path
    if resource in _ANYWHERE:
        return True
    if len(below) > 1:  # an id, and what is done
        return below[1] == "comment" or below[-1] in _RESTARTS
    return resource in _RESOURCES and (not below or below[0] in _ON_MANY or resource == "task")


Named: TypeAlias = tuple[tuple[str, str], ...]
"""Ids, each with the name under which it stands."""


def read_query(query: Mapping[str, str]) -> Named:
    """Return the ids in the parameters of a query; lists of ids have commas between them."""
    return tuple(each for name, value in query.items() if name in _NAMES for each in _taken(name, value.split(",")))


def read_body(body: bytes) -> Named:
    """Return the ids in a JSON body, at any depth of its queries; none where the engine cannot read it either.

    Raises:
        InvalidRequest: it is nested so deeply that nobody knows what is in it.
    """
    try:
        text = body.decode(json.detect_encoding(body), "replace").lstrip()
        tree, _ = _decoder.raw_decode(text)  # the engine does not look at what comes behind it
    except ValueError:
        return ()
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.") from error
    return tuple(_named_in(tree))


def instances_of(named: Named) -> tuple[str, ...]:
    """Return the ids of instances and executions, and of whatever else the ids that could name an engine."""
    return tuple(identity for name, identity in named if name in INSTANCES or ":" in identity)


def tasks_of(named: Named) -> tuple[str, ...]:
    """Return the ids of tasks."""
    return tuple(identity for name, identity in named if name in TASKS)


class _Members(tuple[tuple[str, Any], ...]):
    """The members of an object, those too that stand twice."""

    __slots__ = ()


_decoder = json.JSONDecoder(object_pairs_hook=_Members)


def _named_in(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, _Members):
        for name, content in node:
            if name in _NAMES:
                yield from _taken(name, content if isinstance(content, list) else [content])
            elif name in _CONTAINERS or name.endswith("Query"):
                yield from _named_in(content)
    elif isinstance(node, list):
        for each in node:
            yield from _named_in(each)


def _taken(name: str, given: Any) -> Iterator[tuple[str, str]]:
    """Yield the ids that are given under a name; a number counts as its text, as for the engine."""
    for each in given:
        identity = str(each).strip() if isinstance(each, (str, int)) else ""
        if identity:
            yield name, identity

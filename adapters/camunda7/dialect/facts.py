"""What a request in Camunda's language is about; whatever is not certain passes through."""

from __future__ import annotations

import msgspec

from adapters.camunda7.dialect.data import FORM
from adapters.camunda7.dialect.ids import WITH_BODY, Named, has_ids, instances_of, read_body, read_query, tasks_of
from adapters.camunda7.dialect.state import may_be_gone
from gateway.port import DialectRequest, FormShape, RequestFacts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# POSTs that only ask; the rest of them change something
_QUERIES = frozenset(
    (
        "process-instance",
        "execution",
        "task",
        "variable-instance",
        "external-task",
        "incident",
        "job",
        "batch",
        "process-definition",
        "deployment",
        "event-subscription",
        "case-instance",
        "case-execution",
    )
)
NO_IDS = frozenset({"count", "create", "delete", "report", "set-removal-time"})
"""What stands where the id of an execution, a task, or an instance of the history, stands, and is none."""
_OTHERS = frozenset(
    (
        "external-task", "job", "incident", "variable-instance", "case-instance", "case-execution", "activity-instance",
        "case-activity-instance", "detail", "job-log", "external-task-log", "user-operation",
    )
)  # fmt: skip
"""Resources of other things that run, here or below ``history``."""
_STATES = frozenset({("PUT", "process-instance", "suspended"), ("DELETE", "process-instance")})
"""Calls that change the state of an instance: method, and path without the id."""
_VARIABLES = frozenset({"variables", "localVariables"})
_COMPLETIONS = frozenset({"complete", "submit-form"})


def facts(request: DialectRequest) -> RequestFacts:
    """Return what a request is about.

    Raises:
        InvalidRequest: nobody knows what its body names.
    """
    path = below_engine(request.segments)
    safe = request.method in _SAFE
    match path:
        case ("process-instance" | "execution" as resource, named, kind, *rest) if kind in _VARIABLES:
            return RequestFacts(
                scope=_of("variables", safe=safe),
                writes=not safe,
                instance=named if resource == "process-instance" else None,
                execution=named if resource == "execution" else None,
                uploads=_form(rest, request.method),
            )
        case ("task", task, call, *_) if call in _VARIABLES | _COMPLETIONS:
            return _facts_on_task(request, path, task, call)
        case ("history", "variable-instance", *rest) if safe or rest in ([], ["count"]):
            ids = _ids(request, path)  # a history that names no instance is the front door's engine's
            searches = bool(ids) and _searches(request.method, rest)
            return RequestFacts(scope="variables:read", writes=False, searches=searches, ids=ids)
        case ("variable-instance", *rest):
            searches = _searches(request.method, rest)
            return RequestFacts(scope="variables:read", writes=False, searches=searches, ids=_ids(request, path))
        case ("process-instance", instance, "modification") if not safe:
            return RequestFacts(scope="modification", writes=True, instance=instance, carries=True)
        case ("process-instance",) | ("process-instance", "count"):
            searches = _searches(request.method, list(path[1:]))
            return RequestFacts(scope="instances:read", writes=False, searches=searches, ids=_ids(request, path))
        case ("process-instance", instance) | ("process-instance", instance, "activity-instances") if safe:
            return RequestFacts(scope="instances:read", writes=False, instance=instance)
        case ("message",) if not safe:
            return _facts_on_message(request, path)
        case ("process-definition", *_, "start" | "submit-form"):
            return RequestFacts(scope="instances:start", writes=True, definition=_definition(path))
        case _:
            return _other(request, path, safe=safe or _asks(path))


def _facts_on_task(request: DialectRequest, path: tuple[str, ...], task: str, call: str) -> RequestFacts:
    safe = request.method in _SAFE
    if call in _VARIABLES:
        return RequestFacts(scope=_of("variables", safe=safe), writes=not safe, task=task)
    if safe:
        return _other(request, path, safe=True)
    return RequestFacts(scope="modification", writes=True, task=task, carries=True)


def _facts_on_message(request: DialectRequest, path: tuple[str, ...]) -> RequestFacts:
    """Return what a message is about: the instance that its body names, where that is one for certain."""
    named = dict.fromkeys(instances_of(_beside(request, path)))
    known = RequestFacts(scope="modification", writes=True, ids=tuple(named), carries=True)
    if len(named) != 1:
        return known
    return msgspec.structs.replace(known, instance=next(iter(named)), in_body=True, ids=())


def reads_body(request: DialectRequest) -> bool:
    """Return whether the body of a request may name what runs."""
    return request.method in WITH_BODY and has_ids(request.method, below_engine(request.segments))


def _form(below: list[str], method: str) -> FormShape | None:
    """Return the shape of the form that a request on a variable, or on its content, uploads."""
    return FORM if method == "POST" and below[1:] == ["data"] else None


def below_engine(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path below ``/engine/{name}``, the name of an engine inside the vendor's server."""
    return path[2:] if path[:1] == ("engine",) and len(path) > 2 else path  # noqa: PLR2004 - the word and the name


def _definition(path: tuple[str, ...]) -> str | None:
    """Return the key of what is started. An id is ``key:version:number``; one too long for that has no key in it."""
    match path[1:-1]:
        case ("key", key) | ("key", key, "tenant-id", _):
            return key
        case (definition,):
            return definition.partition(":")[0]
        case _:
            return None


def _of(kind: str, *, safe: bool) -> str:
    return f"{kind}:read" if safe else f"{kind}:write"


def _searches(method: str, below: list[str]) -> bool:
    """Return whether a request searches a resource, or counts what a search finds."""
    return method in {"GET", "HEAD", "POST"} and below in ([], ["count"])


def _asks(path: tuple[str, ...]) -> bool:
    """Return whether a POST only queries: a bare resource or its count, here or below ``history``."""
    match path[:-1] if path[-1:] == ("count",) else path:
        case ("history", _):
            return True
        case (resource,):
            return resource in _QUERIES
        case _:
            return False


def _other(request: DialectRequest, path: tuple[str, ...], *, safe: bool) -> RequestFacts:
    beside = _beside(request, path)
    changes_state = (request.method, *path[:1], *path[2:]) in _STATES
    return RequestFacts(
        scope=_of("passthrough", safe=safe),
        writes=not safe,
        translates=changes_state,
        silent=changes_state and (request.method == "PUT" or may_be_gone(request)),
        instance=_instance(path, request.method),
        execution=_below("execution", path),
        task=_below("task", path),
        ids=_with_other(path, instances_of(beside)),
        tasks=tasks_of(beside),
        polls=path == ("external-task", "fetchAndLock"),
    )


def _ids(request: DialectRequest, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids of instances that a request names beside its path, and what else could name an engine."""
    return _with_other(path, instances_of(_beside(request, path)))


def _with_other(path: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids, and before them that of a path's thing that is no instance if it could name an engine."""
    match path:
        case ("history", resource, other, *_) | (resource, other, *_) if ":" in other and resource in _OTHERS:
            return (other, *found)
        case _:
            return found


def _beside(request: DialectRequest, path: tuple[str, ...]) -> Named:
    """Return what a request names in its query and its body."""
    named = read_query(request.query) if request.query else ()
    return named + read_body(request.body) if request.body and has_ids(request.method, path) else named


def _below(resource: str, path: tuple[str, ...]) -> str | None:
    """Return the id behind a resource; other words are no ids."""
    return path[1] if path[:1] == (resource,) and len(path) > 1 and path[1] not in NO_IDS else None


def _instance(path: tuple[str, ...], method: str) -> str | None:
    """Return the instance of a call that is about one: below its path, or its deletion; others are no ids."""
    match path:
        case ("process-instance", instance, _, *_):
            return instance
        case ("history", "process-instance", instance, *_) if instance not in NO_IDS:
            return instance
        case ("process-instance", instance) if method == "DELETE":
            return instance
        case _:
            return None

"""What a request in IBM's language is about: a method override goes first, what is not certain passes through."""

from __future__ import annotations

from adapters.ibm_bpm.dialect.conditions import names_variables
from adapters.ibm_bpm.dialect.ids import bulk_calls, instances_in, instances_in_body, tasks_in
from gateway.errors import InvalidRequest
from gateway.port import DialectRequest, RequestFacts

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OVERRIDES = frozenset({"x-method-override", "x-http-method-override"})
_LENGTHS = frozenset(map(len, OVERRIDES))
"""What a name is looked at by first: every request has a dozen of them, and is asked for this more than once."""
_MODIFICATIONS = frozenset({"moveToken", "deleteToken"})
_STATES = frozenset({"suspend", "resume", "terminate"})
_COMPLETIONS = frozenset({"complete", "finish"})
_SEARCHES = (("tasks",), ("process", "search"), ("processes", "search"))
NO_IDS = frozenset(("actions", "bulk", "bulkWithFilters", "businessData", "currentlyExecuting", "errors", "search"))
"""What stands where an instance's id stands, and is none."""


def facts(request: DialectRequest) -> RequestFacts:
    """Return what a request is about.

    Raises:
        InvalidRequest: the method is overridden in two ways.
    """
    query = request.query
    safe = resolve_method(request) in SAFE
    match request.segments:
        case ("process", instance, "variable" | "variables" | "allVariables", *_):
            return RequestFacts(
                scope="variables:read" if safe else "variables:write", writes=not safe, instance=instance
            )
        case ("process", word) if safe and word in NO_IDS:
            return RequestFacts(scope="variables:read", writes=False, ids=instances_in(query))
        case ("process", instance) if safe:
            return RequestFacts(scope="variables:read", writes=False, instance=instance)
        case ("process", instance) if query.get("action") in _MODIFICATIONS:
            return RequestFacts(scope="modification", writes=True, instance=instance)
        case ("process", instance) if query.get("action") == "js":  # how variables were set before 8.5.6
            return RequestFacts(scope="variables:write", writes=True, instance=instance)
        case ("task", task) if task not in NO_IDS and (known := _facts_on_task(task, query.get("action"), safe=safe)):
            return known
        case ("bulk", *_):
            return _bulk(request)
        case ("process",) if query.get("action") == "start":
            return RequestFacts(scope="instances:start", writes=True, definition=_definition(query.get("bpdId", "")))
        case _:
            return _listing(request, safe=safe) or _other(request, safe=safe or request.segments in _SEARCHES)


def _definition(identity: str) -> str | None:
    """Return what is started in the words of start rules: of an id of Camunda's, ``key:version:number``, the key."""
    return identity.partition(":")[0] or None


def _facts_on_task(task: str, action: str | None, *, safe: bool) -> RequestFacts | None:
    """Return what a call on a task is about, where it is about its variables, or completes it."""
    if safe:
        return RequestFacts(scope="variables:read", writes=False, task=task)
    if action in _COMPLETIONS:
        return RequestFacts(scope="modification", writes=True, task=task, carries=True)
    return RequestFacts(scope="variables:write", writes=True, task=task) if action == "setData" else None


def _listing(request: DialectRequest, *, safe: bool) -> RequestFacts | None:
    """Return what a request is about that reads of several instances, or what can be started; None for any other."""
    match request.segments:
        case ("process",) if request.query.get("action") == "getdetails":
            ids = instances_in(request.query) or instances_in_body(request)
            return RequestFacts(scope="variables:read", writes=False, searches=True, ids=ids)
        case ("search", "query"):
            scope = "variables:read" if names_variables(request) else "instances:read"
            return RequestFacts(scope=scope, writes=False, searches=True, ids=instances_in(request.query))
        case ("exposed",) | ("exposed", "process") if safe:
            return RequestFacts(scope="instances:read", writes=False)
        case _:
            return None


def _other(request: DialectRequest, *, safe: bool) -> RequestFacts:
    return RequestFacts(
        scope="passthrough:read" if safe else "passthrough:write",
        writes=not safe,
        translates=_changes_state(request),
        instance=_named(request.segments),
        task=_task(request.segments),
        ids=_ids(request),
        tasks=tasks_in(request.query),
    )


def _changes_state(request: DialectRequest) -> bool:
    match request.segments:
        case ("process", instance) if instance not in NO_IDS:
            return request.query.get("action") in _STATES
        case _:
            return False


def _ids(request: DialectRequest) -> tuple[str, ...]:
    """Return the ids in the query, and that of a path's thing that is no instance if it could name an engine."""
    found = instances_in(request.query)
    match request.segments:
        case ("service" | "activity" | "relationship", other, *_) if ":" in other:
            return (other, *found)
        case _:
            return found


def _bulk(request: DialectRequest) -> RequestFacts:
    """Return what a bulk call is about: whatever its calls name. The server takes them apart, not we."""
    known = [facts(call) for call in bulk_calls(request.query)]
    ids = tuple(each.named for each in known if each.named is not None)
    tasks = tuple(each.task for each in known if each.task is not None)
    return RequestFacts(
        scope="admin",
        writes=True,
        ids=sum((each.ids for each in known), ids),
        tasks=sum((each.tasks for each in known), tasks),
    )


def _named(path: tuple[str, ...]) -> str | None:
    """Return the instance of a call that is about one; others are no ids."""
    match path:
        case ("process", instance, *_):
            return _instance(instance)
        case ("social" | "performance", "instance", instance, *_):
            return instance
        case _:
            return None


def _task(path: tuple[str, ...]) -> str | None:
    """Return the task of a call that is about one; others are no ids."""
    match path:
        case ("task", task, *_) if task not in NO_IDS:
            return task
        case ("social", "task", task, *_) if task != "mentions":
            return task
        case _:
            return None


def _instance(segment: str) -> str | None:
    return None if segment in NO_IDS else segment


def resolve_method(request: DialectRequest) -> str:
    """Return the method that the server will carry out, which a header or parameter may override.

    The documentation allows it for POST alone. A safe method that is overridden counts as what it says all the same:
    a server that is laxer than its documentation must not be talked into a write.

    Raises:
        InvalidRequest: the method is overridden in two ways, and nobody knows which of them counts.
    """
    method = request.method
    if _LENGTHS.isdisjoint(map(len, request.headers)) and _LENGTHS.isdisjoint(map(len, request.query)):
        return method
    pairs = (*request.headers.items(), *request.query.items())
    said = {value.strip().upper() for name, value in pairs if name.lower() in OVERRIDES}
    if not said:
        return method
    if len(said) > 1:
        raise InvalidRequest("The method is overridden in two ways.")
    return said.pop() if method == "POST" or method in SAFE else method

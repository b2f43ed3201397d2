"""Where variables live: the rows of an instance, an execution or a task, while it runs and after its end.

``POST /variable-instance`` finds them while the instance runs; ``POST /history/variable-instance`` has the last values
of one that has ended (history level audit or full). Neither deserializes here.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from gateway.errors import EngineMisbehaved, InstanceNotFound, ScopeNotFound
from gateway.model.scope import Place
from gateway.plan import VendorRequest, VendorResponse

_OK, _NOT_FOUND, _ERROR = 200, 404, 500
# said of a task and of an execution: Cannot find task with id 1: task is null
_GONE = ("task is null", "execution is null")
RUNNING = ("variable-instance",)
PAST = ("history", "variable-instance")


class Rows(msgspec.Struct, frozen=True):
    """Rows that were found, the resource they came from, and the process instance that they are in."""

    rows: list[wire.WireVariable]
    source: tuple[str, ...] = RUNNING
    root: str | None = None


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a write depends on.

    Args:
        own: rows of the scope that is written.
        seen: what is there when the engine looks from the scope up, as a write by a process instance's path does.
        root: the process instance.
    """

    own: list[wire.WireVariable]
    seen: list[wire.WireVariable]
    root: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows: of which instance, where in it, of which one name (None = any), and whether its past counts."""

    instance: str
    place: Place
    name: str | None = None
    ended: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A scope that may be written: the path of its variables, and its process instance."""

    place: Place
    path: tuple[str, ...]
    root: str

    def wanted(self, names: tuple[str, ...] | None) -> Wanted:
        """Return which rows a write depends on; the engine filters by one name only."""
        return Wanted(instance=self.root, place=self.place, name=names[0] if names and len(names) == 1 else None)


Finding = Generator[VendorRequest, VendorResponse, Rows]
Path = tuple[str, str]
"""A scope as the REST API names it: ``process-instance`` (any execution) or ``task``, and its id."""


def find_rows(engine: str, settings: Settings, wanted: Wanted) -> Finding:
    """Find the rows of a scope; where there are none, find out whether instance and scope are there.

    Raises:
        InstanceNotFound: no such instance, or it has ended and the past does not count.
        ScopeNotFound: the instance has no such execution or task.
    """
    found = yield from running_rows(engine, settings, wanted)
    if found:
        return Rows(found, root=found[0].processInstanceId)
    try:
        root = yield from faults.confirm(engine, wanted.instance)
    except InstanceNotFound:
        if not wanted.ended:
            raise
        return (yield from _past(engine, settings, wanted))
    if wanted.place.kind != "instance" and root != wanted.instance:
        found = yield from running_rows(engine, settings, msgspec.structs.replace(wanted, instance=root))
    if not found:
        yield from confirm(engine, wanted.place, root)
    return Rows(found, root=root)


def running_rows(
    engine: str, settings: Settings, wanted: Wanted
) -> Generator[VendorRequest, VendorResponse, list[wire.WireVariable]]:
    """Read the rows of a running instance; none may also mean that there is no such instance."""
    place = wanted.place
    body: dict[str, object] = {"processInstanceIdIn": [wanted.instance]} if place.kind != "instance" else {}
    if place.kind != "all":
        body["variableScopeIdIn"] = [place.id or wanted.instance]
    if wanted.name is not None:
        body["variableName"] = wanted.name
    found = yield from _pages(engine, settings, RUNNING, body)
    return [row for row in found if not place.inner or (row.taskId is not None) == (place.kind == "task")]


def read_sight(  # noqa: PLR0913 - what is read, and what is known of it
    engine: str, settings: Settings, entry: Entry, names: tuple[str, ...] | None, held: str | None, *, sure: bool
) -> Generator[VendorRequest, VendorResponse, Sight]:
    """Read what a write depends on: one query, more only where the id is that of an inner execution.

    Args:
        engine: its name, for errors.
        settings: its own.
        entry: the scope that is written.
        names: whose values matter, None = all.
        held: the process instance whose write lock is held; where the id turns out to be inside another one, nothing
            more is read. None = it does not matter.
        sure: whether it must be known which instance it is, though there are no rows that tell.

    Raises:
        InstanceNotFound: there is no such instance.
    """
    given = entry.root
    own = yield from running_rows(engine, settings, entry.wanted(names))
    if entry.place.inner:
        return Sight(own=own, seen=own, root=given)
    if held not in {None, given}:
        root = held or given
    elif own:
        root = own[0].processInstanceId or given
    else:
        root = (yield from faults.confirm(engine, given)) if sure else given
    if root == given or (held is not None and root != held):
        return Sight(own=own, seen=own, root=root)
    return Sight(own=own, seen=(yield from seen_rows(engine, ("process-instance", given))), root=root)


def seen_rows(engine: str, scope: Path) -> Generator[VendorRequest, VendorResponse, list[wire.WireVariable]]:
    """Read what an inner execution or a task sees: of each name the nearest, from itself up to the process instance.

    Raises:
        InstanceNotFound, ScopeNotFound: it is gone.
    """
    answer = yield wire.read_request(*scope, "variables", query=(("deserializeValues", "false"),))
    if answer.status != _OK:
        yield from failed(engine, answer, scope)
    return wire.decode_values(answer, engine)


def failed(engine: str, answer: VendorResponse, scope: Path) -> faults.Failing:
    """Raise what the answer to a read of a scope means.

    Raises:
        ScopeNotFound: there is no such task; InstanceNotFound: no such instance or execution.
    """
    if scope[0] != "task":
        yield from faults.failed(engine, answer, scope[1], writes=False)
    if _GONE[0] in (faults.error_of(answer).message or ""):
        raise ScopeNotFound(engine=engine, engine_status=answer.status)
    raise faults.translate(engine, answer, writes=False)


def _past(engine: str, settings: Settings, wanted: Wanted) -> Finding:
    body: dict[str, object] = {"processInstanceId": wanted.instance}
    if wanted.name is not None:
        body["variableName"] = wanted.name
    found = yield from _pages(engine, settings, PAST, body)
    if not found:
        answer = yield wire.read_request("history", "process-instance", wanted.instance)
        if answer.status == _NOT_FOUND:
            raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
        if answer.status != _OK:
            raise faults.translate(engine, answer, writes=False)
    return Rows([row for row in found if _lived_at(row, wanted)], PAST)


def _lived_at(row: wire.WireVariable, wanted: Wanted) -> bool:
    match wanted.place.kind:
        case "instance":
            return row.taskId is None and row.executionId in {wanted.instance, None}
        case "execution":
            return row.taskId is None and row.executionId == wanted.place.id
        case "task":
            return row.taskId == wanted.place.id
        case _:
            return True


def _pages(
    engine: str, settings: Settings, source: tuple[str, ...], body: dict[str, object]
) -> Generator[VendorRequest, VendorResponse, list[wire.WireVariable]]:
    found: list[wire.WireVariable] = []
    while True:
        query = (
            ("deserializeValues", "false"),
            ("firstResult", str(len(found))),
            ("maxResults", str(settings.page_size)),
        )
        answer = yield wire.query_request(*source, body=body, query=query)
        if answer.status != _OK:
            raise faults.translate(engine, answer, writes=False)
        page = wire.decode_rows(wire.rows_decoder, answer, engine)
        found += page
        if len(page) < settings.page_size:
            return found


def confirm(engine: str, place: Place, root: str) -> Generator[VendorRequest, VendorResponse, None]:
    """Check that an execution or task belongs to a process instance; other scopes need no request.

    Raises:
        ScopeNotFound: it is not there, or is another instance's.
    """
    if not place.inner:
        return
    answer = yield wire.read_request(place.kind, place.id)
    if answer.status == _NOT_FOUND:
        raise ScopeNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    owner = wire.decode_body(wire.owned_decoder, answer, engine).processInstanceId
    if owner is None:
        raise EngineMisbehaved("The engine does not say whose scope it is.", engine=engine, engine_status=_OK)
    if owner != root:
        raise ScopeNotFound(engine=engine)


def enter(engine: str, place: Place, instance: str) -> Generator[VendorRequest, VendorResponse, Entry]:
    """Return the path of a scope's variables for writing, after checking that the scope is the instance's.

    Raises:
        InstanceNotFound, ScopeNotFound: as it says.
    """
    if not place.inner:
        return Entry(place, ("process-instance", instance, "variables"), instance)
    path, root = (place.kind, place.id, "localVariables"), instance
    try:
        yield from confirm(engine, place, instance)
    except ScopeNotFound:
        root = yield from faults.confirm(engine, instance)
        if root == instance:
            raise
        yield from confirm(engine, place, root)
    return Entry(place, path, root)


def find_meant(engine: str, settings: Settings, wanted: Wanted, found: Rows) -> faults.Missing:
    """Return the error for a name that a scope does not have; with the names that it has, if the instance runs."""
    if found.source == PAST:
        return faults.missing_variable(engine)
    return (yield from faults.find_meant(engine, settings, wanted.place.id or wanted.instance, wanted.name or ""))


def raise_failure(engine: str, answer: VendorResponse, place: Place, instance: str) -> faults.Failing:
    """Raise the error that a write's answer stands for; the scope may have ended meanwhile.

    Raises:
        ScopeNotFound: it has.
    """
    said = faults.error_of(answer).message or ""
    if place.inner and answer.status == _ERROR and any(text in said for text in _GONE):
        raise ScopeNotFound(engine=engine, engine_status=_ERROR)
    return faults.failed(engine, answer, instance, writes=True)

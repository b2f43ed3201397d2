"""Instances: one, or what a search says of many; and the engine itself. Which ones match is said in ``finding``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.definitions import read_exposed
from adapters.ibm_bpm.wire import DETAILS, TREE, WireDetails, get, instance_number, members
from gateway.errors import EngineError, InstanceNotFound, InvalidRequest
from gateway.model.commands import DescribeInstance
from gateway.model.results import EngineDescribed, Instance, InstanceDescribed
from gateway.plan import Plan, VendorRequest, VendorResponse

_STATES = {
    "Active": "active",
    "Suspended": "suspended",
    "Failed": "failed",
    "Completed": "completed",
    "Terminated": "terminated",
    "Deleted": "terminated",
    "STATE_RUNNING": "active",
    "STATE_SUSPENDED": "suspended",
    "STATE_FAILED": "failed",
    "STATE_FINISHED": "completed",
    "STATE_TERMINATED": "terminated",
}
ENDED = frozenset({"completed", "terminated"})
PAGE = 500
"""The server's own cap on one page of a search."""


class Page(msgspec.Struct, frozen=True):
    """One page of a search: rows of instances, and the offset of the next page, None after the last."""

    rows: list[Instance]
    next: int | None


def describe_engine(engine: str) -> Plan[EngineDescribed]:
    """Ask ``GET /systems``, which tells version and build level (seen on 8.6.2)."""
    answer = yield get("systems")
    return EngineDescribed(version=_version(faults.data_of(engine, answer, "search", TREE)))


def _version(tree: Any) -> str | None:
    """Find ``version`` at whatever depth this release puts it."""
    if isinstance(tree, dict):
        own = tree.get("version")
        if isinstance(own, str):
            return own
        return next(filter(None, map(_version, tree.values())), None)
    return next(filter(None, map(_version, tree)), None) if isinstance(tree, list) else None


def describe_process(
    engine: str, instance: str, parts: str, *, ended: bool = False
) -> Generator[VendorRequest, VendorResponse, WireDetails]:
    """Read ``GET /process/{id}?parts=…`` of an instance that has not ended, or of any.

    A 500 may stand for "not found" (CWTBG0019E, seen for other operations), so it is asked once more, for less.

    Raises:
        InstanceNotFound: there is none, or it has ended and ended ones do not count.
        EngineMisbehaved: the answer lacks a part that was asked for.
    """
    answer = yield get("process", instance, query=(("parts", parts),))
    try:
        wire = faults.data_of(engine, answer, "read", DETAILS)
    except EngineError:
        again = yield get("process", instance, query=(("parts", "none"),))
        missing = faults.translate(engine, again, "read")
        if isinstance(missing, InstanceNotFound):
            raise missing from None
        raise
    check_parts(engine, wire, parts)
    if not ended and state_of(wire) in ENDED:
        raise InstanceNotFound("The instance has ended.", engine=engine)
    return wire


def check_parts(engine: str, wire: WireDetails, parts: str) -> None:
    """Refuse an answer without what was asked for.

    An instance without variables has ``{}`` and one without tokens a root without children (recorded on 8.6.2); null
    is what parts have that were not asked for.

    Raises:
        EngineMisbehaved: it has no state, no variables, or neither an execution tree nor a diagram.
    """
    asked = parts.split("|")
    if "header" in asked and wire.state is None and wire.executionState is None:
        raise faults.lacking(engine, "the instance's state")
    if "data" in asked and bytes(wire.variables) == b"null":
        raise faults.lacking(engine, "the instance's variables")
    if "executionTree" in asked and wire.executionTree is None and wire.diagram is None:
        raise faults.lacking(engine, "the execution tree and the diagram")


def state_of(wire: WireDetails) -> str:
    """Return the unified state; an end in either of the two fields counts, since they have been seen to differ."""
    states = [_STATES.get(wire.executionState or ""), _STATES.get(wire.state or "")]
    ended = [state for state in states if state in ENDED]
    return next(filter(None, ended + states), "unknown")


def describe_instance(engine: str, command: DescribeInstance) -> Plan[InstanceDescribed]:
    """Ask ``GET /process/{id}?parts=header``."""
    wire = yield from describe_process(engine, command.instance, "header", ended=command.ended)
    return InstanceDescribed(instance_in(command.instance, wire))


def instance_in(instance: str, wire: WireDetails) -> Instance:
    """Return the instance that the details describe; ``header`` is the part with it."""
    return Instance(
        id=instance,
        definition=wire.processTemplateName,
        definition_id=wire.processTemplateID,
        state=state_of(wire),
    )


def search(
    engine: str, conditions: list[tuple[str, str]], offset: int
) -> Generator[VendorRequest, VendorResponse, Page]:
    """Return one page of ``PUT /search/query`` by instance.

    Raises:
        EngineMisbehaved: the answer holds no rows, or one without an id that can be read or without a state.
    """
    query = (
        ("organization", "byInstance"),
        ("columns", "instanceId,instanceStatus,bpdName"),
        *conditions,
        ("sort", "instanceId"),
        ("size", str(PAGE)),
        ("offset", str(offset)),
        ("filterByCurrentUser", "false"),
    )
    # a PUT that only reads
    answer = yield VendorRequest(
        method="PUT", path=("search", "query"), query=query, headers=(("Accept", "application/json"),),
        writes=False, idempotent=True,
    )  # fmt: skip
    tree = faults.data_of(engine, answer, "search", TREE)
    if not isinstance(tree, dict) or "data" not in tree:
        raise faults.lacking(engine, "the rows of the search")
    rows = members(tree["data"])
    found = [_row(engine, row) for row in rows]
    after = offset + len(rows)
    return Page(found, after if rows and (len(rows) >= PAGE or after < _total(tree)) else None)


def _total(tree: dict[str, Any]) -> int:
    """Return how many rows there are; the server has been seen to count to 500 only (JR59500), so it proves no end."""
    try:
        return int(str(tree.get("totalCount")))
    except ValueError:
        return 0


def _row(engine: str, row: Any) -> Instance:
    number = instance_number(row.get("instanceId")) if isinstance(row, dict) else None
    if number is None or "instanceStatus" not in row:
        raise faults.lacking(engine, "the instance and its state in every row of the search")
    return Instance(
        id=number,
        definition=row.get("bpdName"),
        state=_STATES.get(str(row.get("instanceStatus")), "unknown"),
    )


def definition_name(engine: str, definition: str) -> Generator[VendorRequest, VendorResponse, str]:
    """Return the name that the search knows; an id (``25.…``) is looked up among the exposed processes."""
    if not definition.startswith("25."):
        return definition
    for item in (yield from read_exposed(engine)):
        if item.get("itemID") == definition and isinstance(item.get("display"), str):
            return str(item["display"])
    raise InvalidRequest("No exposed process has this id.", engine=engine)

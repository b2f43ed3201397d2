"""Where tokens are: the activity-instance tree, flattened."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from adapters.camunda7 import faults
from adapters.camunda7.instances import read_past
from adapters.camunda7.wire import WireActivity, decode_body, read_request, tree_decoder
from gateway.errors import InstanceNotFound
from gateway.model.commands import ListActivities
from gateway.model.results import ActivitiesListed, Activity, Instance
from gateway.plan import Plan, VendorRequest, VendorResponse

_OK = 200


def list_activities(engine: str, command: ListActivities) -> Plan[ActivitiesListed]:
    """Read where the tokens are: ``GET /process-instance/{id}/activity-instances``.

    Raises:
        InstanceNotFound: there is no such instance; or it has ended and ended ones do not count.
    """
    try:
        root = yield from read_tree(engine, command.instance)
    except InstanceNotFound:
        if not command.ended:
            raise
        return ActivitiesListed((), instance=(yield from read_past(engine, command.instance)))
    definition_id = root.activityId or None
    instance = Instance(id=root.id, definition=(definition_id or "").split(":")[0] or None, definition_id=definition_id)
    return ActivitiesListed(tuple(flatten(root)), root.id, instance)


def read_tree(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, WireActivity]:
    """Read the tree of an instance, or of the one that an execution is inside of.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended.
    """
    answer = yield read_request("process-instance", instance, "activity-instances")
    if answer.status != _OK:
        root = yield from faults.confirm(engine, instance)
        if root != instance:
            answer = yield read_request("process-instance", root, "activity-instances")
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return decode_body(tree_decoder, answer, engine)


def flatten(root: WireActivity) -> Iterator[Activity]:
    """Return every node, parents first; without recursion, because the tree may be deep."""
    todo: list[tuple[WireActivity, str | None]] = [(root, None)]
    while todo:
        node, parent = todo.pop()
        yield Activity(
            id=node.id, activity=node.activityId or "", name=node.activityName, type=node.activityType, parent=parent
        )
        for waiting in node.childTransitionInstances or ():
            yield Activity(
                id=waiting.id,
                activity=waiting.activityId or "",
                name=waiting.activityName,
                type="transition",
                parent=node.id,
            )
        todo += [(child, node.id) for child in reversed(node.childActivityInstances or ())]

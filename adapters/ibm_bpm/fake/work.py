"""How instances of the fake engine are started and moved on: exposed processes, and a task for each waiting token."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from adapters.ibm_bpm.fake import convert
from adapters.ibm_bpm.fake.convert import Refused, Shape
from adapters.ibm_bpm.fake.instance import FakeInstance
from adapters.ibm_bpm.fake.tokens import STEPS, task_of
from gateway.errors import VarbridgeError
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.plan import VendorRequest

_FORM = "application/x-www-form-urlencoded"


def form(request: VendorRequest) -> dict[str, str]:
    """Return the parameters of a query that came as a form."""
    kind = {key.lower(): value for key, value in request.headers}.get("content-type", "")
    if kind != _FORM or not isinstance(request.body, bytes):
        return {}
    return dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True))


def exposed(name: str) -> dict[str, Tree]:
    """Return one exposed process."""
    return {
        "display": name,
        "itemID": f"25.{name}",
        "processAppID": "2066.fake",
        "branchID": "2063.fake",
        "snapshotID": "2064.fake",
        "tip": True,
        "startURL": f"/rest/bpm/wle/v1/process?action=start&bpdId=25.{name}&processAppId=2066.fake",
    }


def params(query: Mapping[str, str]) -> dict[str, Tree]:
    """Return the values that came as ``params``.

    Raises:
        Refused: they are no JSON object.
    """
    try:
        tree = jsontext.parse(query.get("params") or "{}", depth=900)
    except VarbridgeError as error:
        raise Refused(400, "CWTBG0012E", "InvalidParameterException", "params") from error
    if not isinstance(tree, dict):
        raise Refused(400, "CWTBG0012E", "InvalidParameterException", "params")
    return tree


def conformed(values: Mapping[str, Tree], shapes: Mapping[str, Shape]) -> dict[str, Tree]:
    """Return values as a model declares them.

    Raises:
        Refused: one is not declared, or of another type.
    """
    found: dict[str, Tree] = {}
    for name, tree in values.items():
        if name not in shapes:
            raise Refused(400, "CWTBG0543E", "VariableDoesNotExistException", name)
        kept = convert.conformed(tree, shapes[name])
        if kept is not None:
            found[name] = kept
    return found


def owner(instances: Mapping[str, FakeInstance], task_id: str) -> tuple[FakeInstance, str]:
    """Return the instance and the token of an open task.

    Raises:
        Refused: there is none, or it is completed.
    """
    for instance in instances.values():
        for token in instance.tokens.at:
            if task_of(instance.id, token) == task_id:
                return instance, token
        if task_id in instance.completed:
            raise Refused(401, "CWTBG0549E", "NotAuthorizedActionException", "finish")
    raise Refused(404, "CWTBG0013E", "ObjectDoesNotExistException", f"Task.{task_id}")


def task(instances: Mapping[str, FakeInstance], task_id: str) -> dict[str, Tree]:
    """Return one task, open or completed.

    Raises:
        Refused: there is none.
    """
    for instance in instances.values():
        if task_id in instance.completed:
            return _details(instance, task_id, instance.completed[task_id], "Closed", "STATE_FINISHED")
    instance, token = owner(instances, task_id)
    return _details(instance, task_id, instance.tokens.at[token], "Received", "STATE_CLAIMED")


def finish(instances: Mapping[str, FakeInstance], task_id: str, values: Mapping[str, Tree]) -> dict[str, Tree]:
    """Complete a task with outputs, and return it.

    Raises:
        Refused: there is no such open task, its instance is not active, or a value does not fit.
    """
    instance, token = owner(instances, task_id)
    if instance.state != "Active":
        raise Refused(401, "CWTBG0549E", "NotAuthorizedActionException", "finish")
    instance.variables |= conformed(values, instance.shapes)
    instance.completed[task_id] = instance.tokens.at[token]
    instance.tokens.leave(token)
    if not instance.tokens.at:
        instance.state = "Completed"
    return task(instances, task_id)


def _details(instance: FakeInstance, task_id: str, step: str, status: str, state: str) -> dict[str, Tree]:
    """Return the details of a task; members are those of the sample on IBM's page "tasks-get"."""
    return {
        "activationTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:00:00Z" if status == "Closed" else None,
        "displayName": f"Step: {STEPS[step][0]}",
        "dueTime": "2026-01-02T00:00:00Z",
        "kind": "KIND_PARTICIPATING",
        "name": STEPS[step][0],
        "owner": "tw_admin",
        "startTime": "2026-01-01T00:00:00Z",
        "state": state,
        "tkiid": task_id,
        "piid": instance.id,
        "status": status,
        "assignedTo": "tw_admin",
        "assignedToType": "user",
        "flowObjectID": step,
    }

"""Tasks: reading one (``GET /task/{id}``), and completing it (``PUT /task/{id}?action=finish&params=…``).

``params`` are the outputs of the task's own service; its model says which variable of the instance each goes to.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.instances import describe_process, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.starting import action_request, encode_parameters, variables_sent
from adapters.ibm_bpm.wire import TREE, error_in, get, instance_number
from gateway.errors import EngineError, InstanceStateConflict, Refusal, TaskNotFound
from gateway.model.lifecycle import CompleteTask, DescribeTask
from gateway.model.results import TaskCompleted, TaskDescribed
from gateway.model.values import instant
from gateway.plan import Plan, VendorRequest, VendorResponse

_STATES = {
    "Closed": "completed",
    "Completed": "completed",
    "STATE_FINISHED": "completed",
    "Deleted": "terminated",
    "STATE_TERMINATED": "terminated",
    "STATE_DELETED": "terminated",
}
"""What says that a task is over, in either of the two fields; with anything else it is open."""


def describe_task(engine: str, command: DescribeTask) -> Plan[TaskDescribed]:
    """Read a task.

    Raises:
        TaskNotFound: there is none; or it is completed and completed ones do not count.
    """
    answer = yield get("task", command.task)
    data = faults.data_of(engine, answer, "task", TREE)
    if not isinstance(data, dict) or "piid" not in data or data.keys().isdisjoint({"status", "state"}):
        raise faults.lacking(engine, "the task's instance and state")
    state = _STATES.get(str(data.get("status"))) or _STATES.get(str(data.get("state"))) or "open"
    if state != "open" and not command.ended:
        raise TaskNotFound("The task is completed.", engine=engine)
    return TaskDescribed(
        instance=instance_number(data.get("piid")),
        state=state,
        name=_text(data.get("name")),
        definition=_text(data.get("flowObjectID")),
        assignee=_assignee(data),
        created=_moment(data.get("activationTime")) or _moment(data.get("startTime")),
        due=_moment(data.get("dueTime")),
        ended=_moment(data.get("completionTime")),
    )


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) and given else None


def _assignee(data: dict[str, Any]) -> str | None:
    """Return the user whose task it is; one that is assigned to a group is nobody's."""
    return _text(data.get("assignedTo")) if data.get("assignedToType") == "user" else _text(data.get("owner"))


def _moment(given: Any) -> datetime | None:
    """Return the moment that a date of the server names; None where it is no date."""
    try:
        return instant(given) if isinstance(given, str) else None
    except Refusal:
        return None


def complete_task(engine: str, settings: Settings, command: CompleteTask) -> Plan[TaskCompleted]:
    """Complete a task.

    Raises:
        EngineMisbehaved: the answer does not show whether it is completed.
        TaskNotFound: there is none; InstanceStateConflict: not now; EngineForbidden: not by this user.
    """
    params, rules = encode_parameters(command.variables, settings)
    answer = yield action_request("PUT", ("task", command.task), (("action", "finish"),), params)
    error = faults.translate(engine, answer, "complete")
    if error is None:
        faults.check_done(engine, answer)
        return TaskCompleted(rules=rules)
    if type(error) is EngineError or error.engine_code == faults.NOT_NOW:
        task = yield from describe_task(engine, DescribeTask(task=command.task))
        if type(error) is EngineError:
            error.outcome = "not_applied"  # it is still open
        elif task.instance is not None:
            yield from _check_active(engine, task.instance, answer)
    _ = faults.point_out(error, error_in(answer), variables_sent(command.variables))
    raise error


def _check_active(engine: str, instance: str, answer: VendorResponse) -> Generator[VendorRequest, VendorResponse, None]:
    """Check that the instance of a task runs: the number for "not now" also means "not by this user".

    Raises:
        InstanceStateConflict: it is suspended, has failed or has ended.
    """
    wire = yield from describe_process(engine, instance, "header", ended=True)
    if (state := state_of(wire)) not in {"active", "unknown"}:
        detail = f"The task's instance is {state}."
        raise InstanceStateConflict(detail, engine=engine, engine_status=answer.status, engine_code=faults.NOT_NOW)

"""Tasks: reading whose one is (``GET /task/{id}``), and completing it (``PUT /task/{id}?action=finish&params=…``).

``params`` are the outputs of the task's own service; its model says which variable of the instance each goes to.
"""

from __future__ import annotations

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.starting import action_request, encode_parameters, variables_sent
from adapters.ibm_bpm.wire import TREE, error_in, get, instance_number
from gateway.errors import EngineError, TaskNotFound
from gateway.model.lifecycle import CompleteTask, DescribeTask
from gateway.model.results import TaskCompleted, TaskDescribed
from gateway.plan import Plan

_OVER = frozenset({"Closed", "Completed", "Deleted", "STATE_FINISHED", "STATE_TERMINATED", "STATE_DELETED"})


def describe_task(engine: str, command: DescribeTask) -> Plan[TaskDescribed]:
    """Read a task.

    Raises:
        TaskNotFound: there is none, or it is completed.
    """
    answer = yield get("task", command.task)
    data = faults.data_of(engine, answer, "task", TREE)
    if not isinstance(data, dict) or "piid" not in data or data.keys().isdisjoint({"status", "state"}):
        raise faults.lacking(engine, "the task's instance and state")
    if _OVER & {str(data.get("status")), str(data.get("state"))}:
        raise TaskNotFound("The task is completed.", engine=engine)
    return TaskDescribed(instance=instance_number(data.get("piid")))


def complete_task(engine: str, settings: Settings, command: CompleteTask) -> Plan[TaskCompleted]:
    """Complete a task.

    Raises:
        EngineMisbehaved: the answer does not show whether it is completed.
        TaskNotFound: there is none; InstanceStateConflict, EngineForbidden: not now, or not by this user.
    """
    params, rules = encode_parameters(command.variables, settings)
    answer = yield action_request("PUT", ("task", command.task), (("action", "finish"),), params)
    error = faults.translate(engine, answer, "complete")
    if error is None:
        faults.check_done(engine, answer)
        return TaskCompleted(rules=rules)
    if type(error) is EngineError or error.engine_code == faults.NOT_NOW:
        _ = yield from describe_task(engine, DescribeTask(task=command.task))
        if type(error) is EngineError:
            error.outcome = "not_applied"  # it is still open
    _ = faults.point_out(error, error_in(answer), variables_sent(command.variables))
    raise error

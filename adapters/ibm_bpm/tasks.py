"""Tasks: whose one is (``GET /task/{id}``), and completing it (``PUT /task/{id}?action=finish&params=…``).

``params`` are the outputs of the task's own service; its model says which variable of the instance each goes to.
"""

from __future__ import annotations

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.starting import acting, at_fault, parameters
from adapters.ibm_bpm.wire import done, instance_number, reading, tree_of
from gateway.errors import EngineError, InstanceNotFound, InstanceStateConflict, TaskNotFound, VarbridgeError
from gateway.model.results import TaskCompleted, TaskDescribed
from gateway.model.running import CompleteTask, DescribeTask
from gateway.plan import Plan, VendorResponse

_OVER = frozenset({"Closed", "Completed", "Deleted", "STATE_FINISHED", "STATE_TERMINATED", "STATE_DELETED"})
_MISSING = "CWTBG0013E"  # Object does not exist


def described(engine: str, command: DescribeTask) -> Plan[TaskDescribed]:
    """Read a task.

    Raises:
        TaskNotFound: there is none, or it is completed.
    """
    answer = yield reading("task", command.task)
    error = _error(engine, answer, writes=False)
    if error is not None:
        raise error
    tree = tree_of(answer, engine)
    data = tree if isinstance(tree, dict) else {}
    if _OVER & {str(data.get("status")), str(data.get("state"))}:
        raise TaskNotFound("The task is completed.", engine=engine)
    return TaskDescribed(instance=instance_number(data.get("piid")))


def completed(engine: str, settings: Settings, command: CompleteTask) -> Plan[TaskCompleted]:
    """Complete a task.

    Raises:
        EngineMisbehaved: nobody knows whether it is completed.
        TaskNotFound: there is none; InstanceStateConflict, EngineForbidden: not now, or not by this user.
    """
    params, rules = parameters(command.variables, settings)
    answer = yield acting("PUT", ("task", command.task), (("action", "finish"),), params)
    error = _error(engine, answer, writes=True)
    if error is None:
        done(answer, engine)
        return TaskCompleted(rules=rules)
    if type(error) is EngineError or error.engine_code == faults.NOT_NOW:
        _ = yield from described(engine, DescribeTask(task=command.task))
        if type(error) is EngineError:
            error.outcome = "not_applied"  # it is still open
    error.errors = at_fault(answer, command.variables, error)
    raise error


def _error(engine: str, answer: VendorResponse, *, writes: bool) -> VarbridgeError | None:
    error = faults.found(engine, answer, writes=writes)
    missing = isinstance(error, InstanceNotFound | InstanceStateConflict) and error.engine_status == 404  # noqa: PLR2004
    if error is not None and (missing or error.engine_code == _MISSING):
        return TaskNotFound(engine=engine, engine_status=answer.status, engine_code=error.engine_code)
    return error

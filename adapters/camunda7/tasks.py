"""User tasks: which instance one belongs to, and ``POST /task/{id}/complete`` with variables in one transaction."""

from __future__ import annotations

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.starting import encode_variables
from gateway.errors import EngineError, TaskNotFound
from gateway.model.lifecycle import CompleteTask, DescribeTask
from gateway.model.results import TaskCompleted, TaskDescribed
from gateway.plan import Plan, VendorRequest

_OK, _NO_CONTENT, _NOT_FOUND = 200, 204, 404


def describe_task(engine: str, command: DescribeTask) -> Plan[TaskDescribed]:
    """Read ``GET /task/{id}``; a completed task is not there.

    Raises:
        TaskNotFound: there is none.
    """
    answer = yield wire.read_request("task", command.task)
    if answer.status == _NOT_FOUND:
        raise TaskNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return TaskDescribed(instance=wire.decode_body(wire.owned_decoder, answer, engine).processInstanceId)


def complete_task(engine: str, settings: Settings, command: CompleteTask) -> Plan[TaskCompleted]:
    """Complete a task.

    Raises:
        TaskNotFound: there is none, or somebody was faster; InstanceStateConflict: it is suspended.
        ValueInvalid, ValueTooLong: a variable does not fit; nothing was applied.
    """
    variables, rules = encode_variables(command.variables, settings)
    answer = yield VendorRequest(
        method="POST",
        path=("task", command.task, "complete"),
        headers=wire.JSON,
        body=wire.encoder.encode({"variables": variables}),
        writes=True,
        idempotent=False,
    )
    if answer.status not in {_OK, _NO_CONTENT}:
        error = faults.translate(engine, answer, writes=True)
        if type(error) is EngineError:
            # Cannot complete task x: Cannot find task with id x: task is null
            _ = yield from describe_task(engine, DescribeTask(task=command.task))
        raise error
    return TaskCompleted(rules=rules)

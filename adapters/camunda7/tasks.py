"""User tasks: ``GET /task/{id}`` says what one is, ``POST /task/{id}/complete`` completes it with variables.

Completed tasks are in the history only (level activity or more). Completion is one transaction.
"""

from __future__ import annotations

from datetime import datetime

from adapters.camunda7 import faults, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.starting import encode_variables
from gateway.errors import EngineError, TaskNotFound
from gateway.model.lifecycle import CompleteTask, DescribeTask
from gateway.model.results import TaskCompleted, TaskDescribed
from gateway.plan import Plan, VendorRequest

_OK, _NO_CONTENT, _NOT_FOUND = 200, 204, 404


def describe_task(engine: str, settings: Settings, command: DescribeTask) -> Plan[TaskDescribed]:
    """Read ``GET /task/{id}``, and of a completed task ``GET /history/task``.

    Raises:
        TaskNotFound: there is none; or it is completed and completed ones do not count.
    """
    answer = yield wire.read_request("task", command.task)
    if answer.status == _NOT_FOUND and command.ended:
        return (yield from _describe_past(engine, settings, command.task))
    if answer.status == _NOT_FOUND:
        raise TaskNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    row = wire.decode_body(wire.task_decoder, answer, engine)
    return TaskDescribed(
        instance=row.processInstanceId,
        name=row.name,
        definition=row.taskDefinitionKey,
        assignee=row.assignee,
        created=_moment(row.created, settings),
        due=_moment(row.due, settings),
    )


def _describe_past(engine: str, settings: Settings, task: str) -> Plan[TaskDescribed]:
    answer = yield wire.read_request("history", "task", query=(("taskId", task),))
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    rows = wire.decode_body(wire.past_tasks_decoder, answer, engine)
    if not rows:
        raise TaskNotFound(engine=engine, engine_status=_NOT_FOUND)
    row = rows[0]
    return TaskDescribed(
        instance=row.processInstanceId,
        state="completed" if row.deleteReason in {None, "completed"} else "terminated",
        name=row.name,
        definition=row.taskDefinitionKey,
        assignee=row.assignee,
        created=_moment(row.startTime, settings),
        due=_moment(row.due, settings),
        ended=_moment(row.endTime, settings),
    )


def _moment(text: str | None, settings: Settings) -> datetime | None:
    """Return the moment that a date of the engine names; None where it is in another pattern than the one set."""
    try:
        return None if text is None else settings.dates.read(text)
    except (ValueError, OverflowError):
        return None


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
            _ = yield from describe_task(engine, settings, DescribeTask(task=command.task))
        raise error
    return TaskCompleted(rules=rules)

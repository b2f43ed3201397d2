"""Tasks in IBM's language: ``GET task/{id}?parts=``, ``PUT`` or ``POST task/{id}?action=finish&params=``, the details.

Members of the details are those of the sample on the vendor's page "tasks-get"
(https://www.ibm.com/docs/en/dbaoc?topic=tasks-get); what nobody tells of another vendor's task is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.ibm_bpm.dialect.bodies import check_accepted, read_variables
from adapters.ibm_bpm.dialect.parameters import read_parameters
from gateway.errors import InvalidRequest, MethodNotAllowed, Unsupported
from gateway.model.commands import Command, ListVariables
from gateway.model.lifecycle import CompleteTask, DescribeTask
from gateway.model.results import TaskDescribed
from gateway.port import DialectRequest

COMPLETIONS = frozenset({"complete", "finish"})
"""Two words for the same action."""
_SAID = frozenset({"all", "data", "none", ""})
_OTHERS = frozenset({"actions", "processData", "relationships"})
"""Parts that only the vendor's own tasks have; the pages on tasks name no more."""
_STATES = {"completed": ("Closed", "STATE_FINISHED"), "terminated": ("Deleted", "STATE_TERMINATED")}


def decode_task(request: DialectRequest, task: str, method: str) -> tuple[Command, ...]:
    """Return the read of a task, with the variables that it sees where its data is asked for.

    Raises:
        InvalidRequest: there is no such part. Unsupported: a part that only the vendor's own tasks have.
    """
    if method not in {"GET", "HEAD"}:
        raise MethodNotAllowed
    check_accepted(request)
    asked = _parts(request.query)
    described = DescribeTask(task=task, ended=True)
    if not asked & {"all", "data"}:
        return (described,)
    return (described, ListVariables(instance="", scope=f"task:{task}", seen=True, ended=True))


def decode_completion(request: DialectRequest, task: str, method: str) -> tuple[Command, ...]:
    """Return the completion of a task, which is read before it for the details.

    Raises:
        MethodNotAllowed: it is neither PUT nor POST.
        InvalidJson, InvalidRequest, PayloadTooLarge, ValueNotRepresentable: ``params`` are no object of values.
    """
    if method not in {"PUT", "POST"}:
        raise MethodNotAllowed
    check_accepted(request)
    given = read_parameters(request)
    _ = _parts(given)
    return (DescribeTask(task=task), CompleteTask(task=task, variables=read_variables(given.get("params", ""))))


def _parts(query: Mapping[str, str]) -> frozenset[str]:
    asked = frozenset(part.strip() for part in re.split(r"[|,]", query.get("parts", "all")))
    if unknown := asked - _SAID - _OTHERS:
        raise InvalidRequest(f"There is no part {min(unknown)}.")
    if others := asked & _OTHERS:
        raise Unsupported(f"The part {min(others)} cannot be said of a task of another vendor's engine.")
    return asked


def task_details(task: TaskDescribed, written: str, *, completed: bool = False) -> dict[str, Any]:
    """Return the details of a task without its data, with the id as the caller wrote it."""
    status, state = _STATES.get("completed" if completed else task.state, ("Received", ""))
    return {
        "activationTime": _date(task.created),
        "completionTime": _date(task.ended),
        "displayName": task.name,
        "dueTime": _date(task.due),
        "name": task.name,
        "owner": task.assignee,
        "startTime": _date(task.created),
        "state": state or ("STATE_READY" if task.assignee is None else "STATE_CLAIMED"),
        "tkiid": written,
        "piid": task.instance,
        "status": status,
        "assignedTo": task.assignee,
        "assignedToType": None if task.assignee is None else "user",
        "data": None,
        "flowObjectID": task.definition,
    }


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z"

"""Tasks in Camunda's language: ``POST /task/{id}/complete`` and ``…/submit-form``, and what the engine says of tasks.

What must not live here: the variables of a task (``decode``), which are read and written like those of an instance.
"""

from __future__ import annotations

import msgspec

from adapters.camunda7.dialect.bodies import read_json, read_values
from gateway.errors import MethodNotAllowed
from gateway.model.commands import Command, ListVariables
from gateway.model.lifecycle import CompleteTask
from gateway.port import DialectRequest

_UNKNOWN = (
    "task is null",  # Cannot complete task 1: Cannot find task with id 1: task is null
    "No matching task with id",  # GET and PUT /task/{id}
    "No task found for task id",  # …/comment, …/attachment: TaskCommentResourceImpl, TaskAttachmentResourceImpl
    "Cannot get form for task",  # …/form, whose reason is not told: TaskResourceImpl.getForm
)
"""What the engine says of a task that it does not have (``tests/recordings``, and the sources of 7.24)."""
_COMPLETIONS = {"complete": "complete task", "submit-form": "submit task form"}


class GivenCompletion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of a completion."""

    variables: dict[str, msgspec.Raw] | None = None
    with_variables_in_return: bool = False


_completion = msgspec.json.Decoder(GivenCompletion)


def decode_completion(request: DialectRequest, task: str) -> tuple[Command, ...]:
    """Return the completion of a task and, where the caller asks for the variables, their read.

    Raises:
        MethodNotAllowed: only POST completes. InvalidRequest: the body has other members.
    """
    if request.method != "POST":
        raise MethodNotAllowed
    given = read_json(request, _completion)
    done = CompleteTask(task=task, variables=read_values(given.variables, "variables"))
    return (done, ListVariables(instance="", ended=True)) if given.with_variables_in_return else (done,)


def misses_task(message: str) -> bool:
    """Return whether an engine's message says that there is no such task."""
    return any(text in message for text in _UNKNOWN)


def missing_task(task: str, method: str, call: str) -> str:
    """Return the engine's words for a task that it does not have, in calls on its variables and in completions."""
    if method == "DELETE" or call in _COMPLETIONS:
        return f"Cannot find task with id {task}: task is null"
    return f"task {task} doesn't exist: task is null"


def failed_completion(task: str, call: str, reason: str) -> str:
    """Return the engine's sentence for a completion that failed."""
    return f"Cannot {_COMPLETIONS[call]} {task}: {reason}"

"""Tasks of the fake engine: those that are open, those of the history, and their completion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.camunda7.fake import answers, convert, places
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.places import FakeInstance, Local, View
from gateway.plan import VendorResponse

_SAID = {"complete": "complete task", "submit-form": "submit task form"}


def listed(instances: Mapping[str, FakeInstance], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the open tasks that match."""
    shapes = [answers.task_shape(instance, place) for instance, place in _open(instances)]
    wanted = {key: query[key] for key in ("processInstanceId", "taskDefinitionKey") if key in query}
    return [shape for shape in shapes if wanted.items() <= shape.items()]


def found(instances: Mapping[str, FakeInstance], task_id: str) -> dict[str, Any]:
    """Return one open task.

    Raises:
        Refused: there is none.
    """
    for instance, place in _open(instances):
        if place.id == task_id:
            return answers.task_shape(instance, place)
    raise Refused(404, "InvalidRequestException", f"No matching task with id {task_id}", None)


def past(instances: Mapping[str, FakeInstance], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the tasks of the history, open ones among them."""
    every = [(each, place, "completed") for each in instances.values() for place in each.completed.values()]
    for instance, place in _open(instances):
        every.append((instance, place, "deleted" if instance.state != "ACTIVE" else ""))
    shapes = [answers.past_task_shape(instance, place, reason or None) for instance, place, reason in every]
    return [shape for shape in shapes if query.get("taskId") in {None, shape["id"]}]


def complete(
    instances: dict[str, FakeInstance], task_id: str, body: dict[str, Any], call: str
) -> tuple[FakeInstance, VendorResponse]:
    """Complete a task, which takes its own variables with it; return its instance and the answer.

    Args:
        instances: all that run.
        task_id: the task.
        body: of the request.
        call: ``complete`` or ``submit-form``.

    Raises:
        Refused: as the engine does.
    """
    said = f"Cannot {_SAID[call]} {task_id}: "
    changes = answers.prefixed(said, lambda: answers.converted(body.get("variables") or {}))
    if task_id not in {place.id for _, place in _open(instances)}:
        raise Refused(500, "RestException", f"{said}Cannot find task with id {task_id}: task is null", 0)
    view = places.view(instances, "task", task_id, said, local=False)
    if view.instance.suspended:
        raise Refused(500, "RestException", f"{said}ENGINE-03043 task with id '{task_id}' is suspended.", 0)
    answers.prefixed(said, lambda: answers.check_started(changes))
    for name, change in changes.items():
        answers.store(view.home(name), name, change)
    view.instance.completed[task_id] = view.instance.places.pop(task_id)
    if not body.get("withVariablesInReturn"):
        return view.instance, answers.no_content()
    left = View(view.instance, view.noun, view.chain[1:]).visible()
    shown = {name: convert.shown(each.type, each.value, each.info) for name, each in left.items()}
    return view.instance, answers.ok(shown)


def _open(instances: Mapping[str, FakeInstance]) -> Iterator[tuple[FakeInstance, Local]]:
    for instance in instances.values():
        for place in instance.places.values():
            if place.kind == "task":
                yield instance, place

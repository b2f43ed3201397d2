"""Tokens of the fake engine: every process is start, user task ``review``, end, as the recorded ``userTask``."""

from __future__ import annotations

import uuid
from typing import Any

from adapters.camunda7.fake import answers, convert
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.places import FakeInstance

ELEMENTS = {"start": ("", "startEvent"), "review": ("Review", "userTask"), "end": ("", "noneEndEvent")}
FLOWS = {"toReview": ("start", "review"), "toEnd": ("review", "end")}
WAITS = "review"


def begun(instance: FakeInstance) -> None:
    """Place the first token where the process waits."""
    _enter(instance, WAITS)


def tree(instance: FakeInstance) -> dict[str, Any]:
    """Return the activity-instance tree."""
    children = [_node(instance, token, activity) for token, activity in instance.tokens.items()]
    return {
        "id": instance.id,
        "parentActivityInstanceId": None,
        "activityId": f"{instance.definition}:1:1",
        "activityType": "processDefinition",
        "processInstanceId": instance.id,
        "processDefinitionId": f"{instance.definition}:1:1",
        "childActivityInstances": children,
        "childTransitionInstances": [],
        "executionIds": [instance.id],
        "activityName": instance.definition,
        "incidentIds": [],
        "incidents": [],
        "name": instance.definition,
    }


def _node(instance: FakeInstance, token: str, activity: str) -> dict[str, Any]:
    name, kind = ELEMENTS[activity]
    return {
        "id": token,
        "parentActivityInstanceId": instance.id,
        "activityId": activity,
        "activityType": kind,
        "processInstanceId": instance.id,
        "processDefinitionId": f"{instance.definition}:1:1",
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [instance.id],
        "activityName": name,
        "incidentIds": [],
        "incidents": [],
        "name": name,
    }


def _enter(instance: FakeInstance, activity: str) -> None:
    """Let a token run from an element until it waits or ends."""
    if activity == "start":
        activity = WAITS
    if activity == WAITS:
        instance.tokens[f"{WAITS}:{uuid.uuid4()}"] = WAITS


def modified(instance: FakeInstance, instructions: list[dict[str, Any]]) -> bool:
    """Carry instructions out, all or none; tell whether the instance is still there.

    Raises:
        Refused: as the engine does.
    """
    if instance.suspended:
        message = f"ENGINE-03043 Execution with id '{instance.id}' is suspended."
        raise Refused(400, "SuspendedEntityInteractionException", message, 0)
    changes = [answers.converted(each.get("variables") or {}) for each in instructions]
    for each in changes:
        answers.check_started(each)
    before = dict(instance.tokens)
    try:
        for each in instructions:
            _carry_out(instance, each)
    except Refused:
        instance.tokens = before
        raise
    for instruction, change in zip(instructions, changes, strict=True):
        _set(instance, instruction.get("variables") or {}, change)
    return bool(instance.tokens)


def _set(instance: FakeInstance, given: dict[str, Any], changes: dict[str, convert.Change]) -> None:
    for name, change in changes.items():
        if not given[name].get("local"):
            answers.store(instance, name, change)


def _carry_out(instance: FakeInstance, each: dict[str, Any]) -> None:
    activity = each.get("activityId")
    match each.get("type"):
        case "startBeforeActivity":
            _enter(instance, _known(instance, activity, f"Start before activity '{activity}'"))
        case "startAfterActivity":
            element = _known(instance, activity, f"Start after activity '{activity}'")
            if element == "end":
                message = "Cannot start after activity end; activity has no outgoing sequence flow to take"
                raise Refused(500, "ProcessEngineException", message, 0)
            _enter(instance, WAITS if element == "start" else "end")
        case "startTransition":
            flow = each.get("transitionId")
            if flow not in FLOWS:
                said = (
                    f"Start transition '{flow}'; Element '{flow}' does not exist in process '{instance.definition}:1:1'"
                )
                raise _not_valid(f"{said}: transition is null")
            _enter(instance, FLOWS[flow][1])
        case "cancel":
            _cancel(instance, each)
        case _:
            raise Refused(400, "InvalidRequestException", "", None)


def _known(instance: FakeInstance, activity: str | None, said: str) -> str:
    if activity is None:
        message = "For instruction type 'startBeforeActivity': 'activityId' must be set"
        raise Refused(400, "InvalidRequestException", message, None)
    if activity not in ELEMENTS:
        where = f"Element '{activity}' does not exist in process '{instance.definition}:1:1': element is null"
        raise _not_valid(f"{said}; {where}")
    return activity


def _cancel(instance: FakeInstance, each: dict[str, Any]) -> None:
    token = each.get("activityInstanceId") or each.get("transitionInstanceId")
    if token is None:
        instance.tokens = {key: at for key, at in instance.tokens.items() if at != each.get("activityId")}
    elif token not in instance.tokens:
        said = (
            f"Cancel activity instance '{token}'; Activity instance '{token}' does not exist: activityInstance is null"
        )
        raise _not_valid(said)
    else:
        del instance.tokens[token]


def _not_valid(said: str) -> Refused:
    return Refused(400, "NotValidException", f"Cannot perform instruction: {said}", 0)

"""Modification: what may be done to the tokens of an instance, checked as far as that needs no engine.

The words are the vendor-neutral part of Camunda's own; an adapter refuses those that its engine cannot carry out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueTooLong
from gateway.model.commands import InstanceWrite
from gateway.model.expect import Expect
from gateway.model.jsontext import escape
from gateway.model.values import Value

Kind = Literal["cancel", "startBeforeActivity", "startAfterActivity", "startTransition"]
_IDS = ("activity_id", "transition_id", "activity_instance_id", "transition_instance_id")
_NEEDS: dict[str, str] = {
    "startBeforeActivity": "activity_id",
    "startAfterActivity": "activity_id",
    "startTransition": "transition_id",
}
_CANCELS = ("activity_id", "activity_instance_id", "transition_instance_id")
ANNOTATION_LENGTH = 3500
"""Characters; engines hold 4000 (the column's width) with the caller's name in front."""


class StartValue(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A typed value that is set where a token starts; ``local`` = on the execution that enters, not on the instance."""

    local: bool = False


class Instruction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One step. Which ids it takes depends on ``type`` (``check_instructions``)."""

    type: Kind
    activity_id: str | None = None
    transition_id: str | None = None
    activity_instance_id: str | None = None
    transition_instance_id: str | None = None
    ancestor_activity_instance_id: str | None = None
    variables: dict[str, StartValue] = {}

    @property
    def starts(self) -> bool:
        """Return whether a token starts here."""
        return self.type != "cancel"


class ModifyInstance(InstanceWrite, frozen=True, kw_only=True):
    """Cancel and start activities of one instance, in order.

    Args:
        skip_custom_listeners, skip_io_mappings: what the engine leaves out for what starts and ends here.
        annotation: why, for the engine's audit.
        caller: who asks; goes where the engine has a place for it.
        expect: how the instance's variables must be for anything to happen.
    """

    instructions: tuple[Instruction, ...]
    skip_custom_listeners: bool = False
    skip_io_mappings: bool = False
    annotation: str | None = None
    caller: str | None = None
    expect: Expect | None = None

    def note(self) -> str | None:
        """Return the annotation with the caller's name in front, None where there is neither."""
        said = [text for text in (self.caller, self.annotation) if text]
        return ": ".join(said) or None


def names_in(instructions: tuple[Instruction, ...]) -> tuple[str, ...]:
    """Return the names of the variables that instructions set."""
    return tuple(name for each in instructions for name in each.variables)


def pointer(index: int, *steps: str) -> str:
    """Return the JSON Pointer of a part of an instruction in the caller's body."""
    return "".join(f"/{escape(step)}" for step in ("instructions", str(index), *steps))


def check_instructions(instructions: tuple[Instruction, ...], annotation: str | None) -> None:
    """Check that every instruction has the members that its type needs, and no others.

    Raises:
        InvalidRequest: nothing to do, an id too few or too many, variables where nothing starts.
        ValueTooLong: the annotation.
    """
    if not instructions:
        raise InvalidRequest("Give at least one instruction.", errors=(Fault("/instructions", "empty"),))
    faults = [fault for index, each in enumerate(instructions) for fault in _faults(index, each)]
    if faults:
        raise InvalidRequest("Some instructions do not say what they must.", errors=tuple(faults))
    if annotation is not None and len(annotation) > ANNOTATION_LENGTH:
        detail = f"An annotation has at most {ANNOTATION_LENGTH} characters."
        raise ValueTooLong(detail, errors=(Fault("/annotation", detail),))


def _faults(index: int, each: Instruction) -> list[Fault]:
    given = [name for name in _IDS if getattr(each, name) is not None]
    empty = [name for name in given if not getattr(each, name)]
    faults = [Fault(pointer(index, _camel(name)), "empty") for name in empty]
    if each.starts:
        needed = _NEEDS[each.type]
        if needed not in given:
            faults.append(Fault(pointer(index, _camel(needed)), f"{each.type} needs it"))
        faults += [
            Fault(pointer(index, _camel(name)), f"{each.type} does not take it") for name in given if name != needed
        ]
        return faults
    if len(given) != 1 or given[0] not in _CANCELS:
        text = "cancel takes exactly one of activityId, activityInstanceId, transitionInstanceId"
        faults.append(Fault(pointer(index), text))
    if each.ancestor_activity_instance_id is not None:
        faults.append(Fault(pointer(index, "ancestorActivityInstanceId"), "cancel does not take it"))
    if each.variables:
        faults.append(Fault(pointer(index, "variables"), "cancel does not take them: engines would drop them"))
    return faults


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)

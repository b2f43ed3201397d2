"""Where the fake's variables live: instances, their inner executions and tasks, and the views of the REST resources.

``/variables`` looks from a place up to the root, ``/localVariables`` at that place alone (recorded: ``branches-…``,
``task-…``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.camunda7.fake import convert
from adapters.camunda7.fake.convert import Refused

MISSING = {
    "execution": "execution {id} doesn't exist: execution is null",
    "task": "task {id} doesn't exist: task is null",
}


class Stored(msgspec.Struct, kw_only=True):
    """One variable: its own id survives every change."""

    id: str
    name: str
    type: str
    value: Any
    info: dict[str, Any]


class Local(msgspec.Struct, kw_only=True):
    """An inner execution or a task: what stands in a ``kind`` below ``parent``, at an activity."""

    id: str
    kind: str
    parent: str
    activity: str
    activity_instance: str
    variables: dict[str, Stored]


class FakeInstance(msgspec.Struct, kw_only=True):
    """One instance."""

    id: str
    definition: str
    business_key: str | None
    variables: dict[str, Stored]
    suspended: bool = False
    state: str = "ACTIVE"
    tokens: dict[str, str] = {}
    """Activity instance to the element where it is."""
    awaits: str | None = None
    """Name of the message that it waits for, once."""
    places: dict[str, Local] = {}
    completed: dict[str, Local] = {}
    """Tasks that are completed, by id."""

    def chain(self, place_id: str) -> list[FakeInstance | Local]:
        """Return a place and all above it, the instance last."""
        found: list[FakeInstance | Local] = []
        while place_id != self.id:
            found.append(self.places[place_id])
            place_id = self.places[place_id].parent
        return [*found, self]

    def holders(self) -> Iterator[FakeInstance | Local]:
        """Return everything that can hold variables."""
        yield self
        yield from self.places.values()


class View(msgspec.Struct, frozen=True):
    """The variables that one REST resource shows and changes: of the nearest place first."""

    instance: FakeInstance
    noun: str
    chain: tuple[FakeInstance | Local, ...]

    def visible(self) -> dict[str, Stored]:
        """Return the variables by name; an inner one hides an outer one."""
        return {name: each for place in reversed(self.chain) for name, each in place.variables.items()}

    def home(self, name: str) -> FakeInstance | Local:
        """Return the place where a name is set: the nearest that has it, else the outermost."""
        return next((place for place in self.chain if name in place.variables), self.chain[-1])


def begun(instance: FakeInstance, new_id: str, second_id: str, third_id: str) -> dict[str, Local]:
    """Return the places of a new instance: a task, and in ``parallelScope`` an inner execution with its own."""
    own = f"review:{new_id}"
    task = Local(id=new_id, kind="task", parent=instance.id, activity="review", activity_instance=own, variables={})
    if instance.definition != "parallelScope":
        return {new_id: task}
    at = f"inner:{second_id}"
    inner = Local(
        id=second_id, kind="execution", parent=instance.id, activity="inner", activity_instance=at, variables={}
    )
    mapped = convert.stored({"type": "String", "value": "from-mapping"})
    inner.variables["scopeVar"] = Stored(
        id=f"{third_id}-v", name="scopeVar", type=mapped.type, value=mapped.value, info={}
    )
    task.activity = "left"
    deep = Local(id=third_id, kind="task", parent=second_id, activity="innerTask", activity_instance=at, variables={})
    return {new_id: task, second_id: inner, third_id: deep}


def view(running: dict[str, FakeInstance], root: str, place_id: str, said: str, *, local: bool) -> View:
    """Return what ``/{root}/{id}/variables`` or ``/localVariables`` shows.

    Raises:
        Refused: there is no such place, in the engine's words after ``said``.
    """
    kind = "task" if root == "task" else "execution"
    noun = root.replace("-", " ")
    for instance in running.values():
        if kind == "execution" and place_id == instance.id:
            return View(instance, noun, (instance,))
        place = instance.places.get(place_id)
        if place is not None and place.kind == kind:
            chain = instance.chain(place_id)
            return View(instance, noun, tuple(chain[:1] if local else chain))
    raise Refused(500, "RestException" if said else "NullValueException", said + MISSING[kind].format(id=place_id), 0)


def execution_of(place: Local) -> str:
    """Return the execution of a place: itself, or the one that a task is in."""
    return place.parent if place.kind == "task" else place.id

"""Activities: tokens from the execution tree, steps and lines from the diagram. Recorded on 8.6.2.

``GET /process/{id}?parts=…|executionTree|diagram``; the server has no list of tokens.
"""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.ibm_bpm.instances import ENDED, describe_process, instance_in
from adapters.ibm_bpm.wire import WireDetails, members
from gateway.model.commands import ListActivities
from gateway.model.results import ActivitiesListed, Activity
from gateway.plan import Plan

PARTS = "header|executionTree|diagram"


class Token(msgspec.Struct, frozen=True):
    """A token: its id, the step it is in (``flowObjectId``), and the node of the execution tree around it."""

    id: str
    activity: str
    name: str | None = None
    parent: str | None = None


class Step(msgspec.Struct, frozen=True):
    """A step of the diagram, and the ids of the steps that its lines lead to."""

    id: str
    name: str | None = None
    kind: str | None = None
    lines: tuple[str, ...] = ()


def list_activities(engine: str, command: ListActivities) -> Plan[ActivitiesListed]:
    """List the tokens.

    Raises:
        InstanceNotFound: there is no such instance; or it has ended and ended ones do not count.
        EngineMisbehaved: the answer tells no tokens.
    """
    wire = yield from describe_process(engine, command.instance, PARTS, ended=command.ended)
    steps = steps_in(wire)
    found = tuple(
        Activity(
            id=token.id,
            activity=token.activity,
            name=token.name or _of(steps, token).name,
            type=_of(steps, token).kind,
            parent=token.parent,
        )
        for token in tokens_in(wire)
    )
    instance = instance_in(command.instance, wire)
    return ActivitiesListed(() if instance.state in ENDED else found, instance=instance)


def _of(steps: dict[str, Step], token: Token) -> Step:
    return steps.get(token.activity) or Step(token.activity)


def tokens_in(wire: WireDetails) -> tuple[Token, ...]:
    """Return the tokens of the execution tree; where the server sends none, those that the diagram's steps name."""
    root = wire.executionTree.get("root") if isinstance(wire.executionTree, dict) else None
    found: dict[str, Token] = {}
    todo: list[tuple[Any, str | None]] = [(root, None)]
    while todo:
        node, parent = todo.pop()
        if not isinstance(node, dict):
            continue
        token, step = node.get("tokenId"), node.get("flowObjectId")
        if token is not None and step is not None:
            found.setdefault(str(token), Token(str(token), str(step), _text(node.get("name")), parent))
        todo += [(child, _text(node.get("tokenId")) or parent) for child in reversed(members(node.get("children")))]
    return tuple(found.values()) or _drawn(wire)


def _drawn(wire: WireDetails) -> tuple[Token, ...]:
    return tuple(
        Token(str(token), str(step["ID"]), _text(step.get("name")))
        for step in _steps(wire)
        for token in members(step.get("tokenID"))
    )


def steps_in(wire: WireDetails) -> dict[str, Step]:
    """Return the steps of the diagram by their ids; empty where the server sends no diagram."""
    return {
        str(step["ID"]): Step(
            id=str(step["ID"]),
            name=_text(step.get("name")),
            kind=_text(step.get("activityType") or step.get("type")),
            lines=tuple(
                str(line["to"]) for line in members(step.get("lines")) if isinstance(line, dict) and "to" in line
            ),
        )
        for step in _steps(wire)
    }


def _steps(wire: WireDetails) -> list[dict[str, Any]]:
    steps = wire.diagram.get("step") if isinstance(wire.diagram, dict) else None
    return [step for step in members(steps) if isinstance(step, dict) and step.get("ID") is not None]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)

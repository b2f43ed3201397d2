"""Where the tokens of both sides of a link are, and what people have to do about them after a move."""

from __future__ import annotations

from gateway.errors import VarbridgeError
from gateway.model.commands import ListActivities
from gateway.model.moving import MoveKind
from gateway.model.results import Activity
from gateway.operations import activities
from gateway.operations.bridge.sides import Sides
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


async def describe_tokens(gateway: Gateway, side: Target, call: Call) -> tuple[Activity, ...] | None:
    """Return where the tokens of an instance are; None where its engine does not say."""
    try:
        found = await activities.list_activities(gateway, side, ListActivities(instance=side.native), call)
    except VarbridgeError:
        return None
    return tuple(each for each in found.activities if each.id != side.native)


def list_todo(
    kind: MoveKind,
    sides: Sides,
    state: str,
    left: tuple[Activity, ...] | None,
    owner: tuple[Activity, ...] | None,
) -> tuple[str, ...]:
    """Return what people have to do now, in order.

    Args:
        kind: what was done.
        sides: as they were before: ``owner`` is the one that was left.
        state: of the instance that decides now.
        left: where the tokens of the one are that was left.
        owner: where those of the one are that decides now.
    """
    if kind == "roll-back":
        return ()
    todo = [
        f"Place the token of {sides.twin.public} ({_where(owner)}) where {sides.owner.public} stands ({_where(left)})."
    ]
    if state == "suspended":
        todo.append(f"Activate {sides.twin.public}: it is suspended.")
    return tuple(todo)


def _where(tokens: tuple[Activity, ...] | None) -> str:
    if tokens is None:
        return "its engine does not say where"
    return ", ".join(f"`{each.activity}`" for each in tokens) or "at no activity"

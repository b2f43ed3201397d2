"""The two sides of a link as they are now: which is copied from, which is written to, and what each holds."""

from __future__ import annotations

from typing import Protocol

import msgspec

from gateway.errors import ConcurrentUpdate, EngineNotFound, VarbridgeError
from gateway.model.bridge import Link, Side
from gateway.model.commands import ListVariables
from gateway.model.results import Variable
from gateway.operations import variables
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


class FindLink(Protocol):
    """Where links are read."""

    async def find(self, link_id: str) -> Link | None:
        """Return a link as it is stored, or None."""
        ...


class Sides(msgspec.Struct, frozen=True):
    """The side that decides, and the other one, which alone is ever written."""

    owner: Target
    twin: Target


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides hold.

    Args:
        owner, twin: own variables of the instances, by name.
        inner: variables of executions and tasks of the side that decides.
    """

    owner: dict[str, Variable]
    twin: dict[str, Variable]
    inner: tuple[Variable, ...] = ()


def sides_of(gateway: Gateway, link: Link) -> Sides:
    """Return the two sides of a link.

    Raises:
        EngineNotFound: an engine is no longer configured.
    """
    return Sides(_target(gateway, link.owner), _target(gateway, link.other))


def copy_lock(link: Link) -> tuple[str, str]:
    """Return the key of the lock that keeps two copies of a link apart, in whichever direction they go."""
    return (link.target.engine, link.target.native)


async def require_unchanged(links: FindLink, link: Link) -> None:
    """Make sure that the same side decides as when the link was read, and that nobody else has begun to move it.

    Raises:
        ConcurrentUpdate: it is not so, or the link is gone.
    """
    now = await links.find(link.id)
    if now is None:
        raise ConcurrentUpdate("The link was removed; nothing is written to its sides.")
    if now.authority != link.authority:
        raise ConcurrentUpdate("The other side of the link decides by now; nothing is written to it.")
    mover, expected = now.move, link.move
    if (mover and (mover.kind, mover.process)) != (expected and (expected.kind, expected.process)):
        raise ConcurrentUpdate("A cut-over or roll-back of the link has begun or ended; this copy must not go on.")


async def look(gateway: Gateway, sides: Sides, call: Call) -> Seen:
    """Read both sides, at the same time; one engine request each as long as pages suffice.

    Raises:
        VarbridgeError: that of the side that decides, else that of the other one.
    """
    owner, twin = await gather_bounded([_read(gateway, sides.owner, "all", call), _read(gateway, sides.twin, "", call)])
    for each in (owner, twin):
        if isinstance(each, VarbridgeError):
            raise each
    return seen_of(owner, twin)


def seen_of(owner: tuple[Variable, ...], twin: tuple[Variable, ...]) -> Seen:
    """Return what both sides hold, from what was listed of each."""
    return Seen(owner=_own(owner), twin=_own(twin), inner=tuple(each for each in owner if each.scope is not None))


async def read_owner(gateway: Gateway, sides: Sides, call: Call) -> dict[str, Variable]:
    """Read the side that decides once more."""
    return _own(await _read(gateway, sides.owner, "", call))


async def _read(gateway: Gateway, side: Target, scope: str, call: Call) -> tuple[Variable, ...]:
    command = ListVariables(instance=side.native, scope=scope or "instance")
    return (await variables.list_variables(gateway, side, command, call)).variables


def _own(listed: tuple[Variable, ...]) -> dict[str, Variable]:
    return {each.name: each for each in listed if each.scope is None}


def _target(gateway: Gateway, side: Side) -> Target:
    engine = gateway.engines.get(side.engine)
    if engine is None:
        raise EngineNotFound(f"The engine {side.engine} of the link is no longer configured.")
    return Target(engine, side.native)

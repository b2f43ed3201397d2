"""Ending a cut-over or roll-back that cannot go on: the instance that decides runs again as it did.

Whoever died in the middle of one leaves a ``Move`` in the store. A sweeper finds it, waits for the write lock, which no
living process gives away before its move has ended, and ends it. The step ``resuming`` is committed first: whoever
still believes to carry the move out cannot make the other side decide after that.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

import msgspec

from gateway.errors import ConcurrentUpdate, InstanceNotFound, InstanceStateConflict, LinkNotFound, VarbridgeError
from gateway.model.audit import SYSTEM
from gateway.model.bridge import Link
from gateway.model.lifecycle import ChangeState
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.sides import sides_of
from gateway.operations.gateway import Gateway, Target
from gateway.operations.jobs import JobKind, JobRun
from gateway.operations.lifecycle import change_state_under_lock
from gateway.operations.write import write_under
from gateway.plan import Call

_TRIES = 5
_SWEEP_S = 60.0
"""Longest time for ending one move."""
_PATIENCE_S = 2.0
"""How long a sweeper waits for a write lock; the move of a living process holds it, and needs no sweeper."""
BROKEN_OFF = "It was broken off: the process that carried it out has ended."


async def settle(  # noqa: PLR0913 - a move, and who ends it
    gateway: Gateway,
    links: Links,
    link_id: str,
    call: Call,
    process: str | None = None,
    *,
    problem: str | None = None,
) -> Link | None:
    """End a move where it is: let the instance that decides run again if it did, then forget the move.

    Args:
        gateway: whose engines they are; the write lock of the link is held.
        links: changes links.
        link_id: of the link.
        call: the budget.
        process: whose move it must be; None = anybody's.
        problem: what went wrong, for people.

    Returns:
        The link as stored; None where no such move is under way.

    Raises:
        VarbridgeError: the engine or the store failed; the move stays under way.
    """
    for _ in range(_TRIES):
        try:
            link = await links.find(link_id)
        except LinkNotFound:
            return None
        move = link.move
        if move is None or process not in {None, move.process}:
            return None
        try:
            if move.step != "resuming":
                link = await links.set_move(link, msgspec.structs.replace(move, step="resuming"), SYSTEM, problem)
            why = await _let_run(gateway, link, call) if move.resume else None
            return await links.set_move(link, None, SYSTEM, why)
        except ConcurrentUpdate:  # the link has changed, e.g. was marked as stale: look again
            continue
    raise ConcurrentUpdate("Others changed the link all the time.")


async def _let_run(gateway: Gateway, link: Link, call: Call) -> str | None:
    """Let the instance that decides run; return what prevents it for good."""
    try:
        await bring_into_state(gateway, sides_of(gateway, link).owner, "active", call)
    except (InstanceNotFound, InstanceStateConflict) as gone:
        return f"{link.owner.public} could not be made to run again: {gone.detail}"
    return None


async def bring_into_state(gateway: Gateway, side: Target, state: Literal["suspended", "active"], call: Call) -> None:
    """Suspend an instance or let it run; the write lock is held.

    Raises:
        InstanceNotFound: it is gone, or the id is of something inside of another one.
    """
    command = ChangeState(instance=side.native, state=state)
    done = await change_state_under_lock(gateway, side, command, call)
    if done.elsewhere is not None:
        raise InstanceNotFound("It is inside of another instance.", engine=side.engine.name)


def settling(gateway: Gateway, links: Links) -> JobKind:
    """Return the kind of jobs that end moves of dead processes, also while the bridge is switched off."""

    async def carry_out(link_id: str, run: JobRun) -> bool:
        link = await links.records.find(link_id)
        if link is None or link.move is None:
            return False
        call = run.open_call(link_id, _PATIENCE_S)

        async def work() -> None:
            call.deadline = asyncio.get_running_loop().time() + _SWEEP_S
            await settle(gateway, links, link_id, call, problem=f"The last move failed. {BROKEN_OFF}")

        with contextlib.suppress(VarbridgeError):  # somebody carries it out, or its engine is away: a later sweep
            await write_under(gateway, link.lock, call, work)
        return False

    return JobKind(name="move", carry_out=carry_out, list_due=links.records.list_moving)

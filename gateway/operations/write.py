"""The one door in for writes: whatever changes an instance is carried out from here, whoever asks for it.

Read top to bottom: place the instance, take its write lock, look again whose it is, claim the idempotency key, do the
work; and once more where the work finds that the id lies inside another instance. Nothing else in the gateway takes a
write lock or claims a key (``tests/house/test_door_in.py``). What must not live here: what the work is (``variables``,
``binaries``, ``activities``, ``lifecycle``, ``relaying``), and how locks and keys work (``locks``, ``idempotency``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import msgspec

from gateway.errors import ConcurrentUpdate, InstanceNotFound
from gateway.model.commands import InstanceWrite, PatchVariables
from gateway.model.results import WriteResult
from gateway.operations import placing
from gateway.operations.gateway import Gateway, Target
from gateway.operations.idempotency import intents
from gateway.operations.locks import LockKey
from gateway.operations.placing_links import ensure_current
from gateway.plan import Call

_SOON = (("Retry-After", "1"),)
R = TypeVar("R")
C = TypeVar("C", bound=InstanceWrite)
Work = Callable[[Target], Awaitable[R]]
"""What is done while the lock is held; it is given the target as it is placed then."""


class _Moved:
    """The instance has another owner, or another write lock, since it was placed; nothing was done."""


_MOVED = _Moved()


async def write_instance(  # noqa: PLR0913 - an instance, what is done to it, and what is said about that
    gateway: Gateway,
    target: Target,
    call: Call,
    work: Work[R],
    command: PatchVariables | None = None,
    *,
    beyond: str | None = None,
) -> R:
    """Change one instance while nobody else does.

    Args:
        gateway: whose locks are taken.
        target: the instance, or an execution inside it.
        call: its deadline bounds the wait for the lock; its idempotency key is claimed once, before the work.
        work: carried out under the lock; once more, under the lock of another instance, where its result says so.
        command: the patch that is carried out, if it is one: reading can tell later whether it happened.
        beyond: what the work changes beyond variables, for people; the link of a linked instance is stale from then on.

    Raises:
        ConcurrentUpdate: other writes held the lock until the deadline; or the instance was moved to another engine
            after the work was prepared for this one (``Target.pinned``); nothing was sent.
        StoreUnavailable: nobody can say whether other processes hold the lock, or who owns the instance by now; nothing
            was sent.
    """
    if beyond is not None:
        work = partial(_mark_and_work, gateway, work, beyond)
    while True:
        placed, seen = _place(gateway, target), gateway.links.generation
        if command is not None and call.claim is not None:
            call.intended = intents.encode_intent(placed, command)
        begun = partial(_begin, gateway, call, work, target, placed, seen)
        done = await gateway.locks.hold(placed.lock, call, begun)
        if isinstance(done, _Moved):
            continue
        elsewhere = done.elsewhere if isinstance(done, WriteResult) else None
        if elsewhere is None:
            return done
        if placed.link is not None and placed.root is None:
            raise InstanceNotFound("A link names it, but it is inside of another instance.", engine=placed.engine.name)
        gateway.routing.remember_root(placed.engine.name, placed.native, elsewhere)


def _place(gateway: Gateway, target: Target) -> Target:
    """Return a target as it is placed now.

    Raises:
        ConcurrentUpdate: that is another instance than the one for which the work was prepared.
    """
    placed = placing.place(gateway, target)
    if target.pinned and (placed.engine is not target.engine or placed.native != target.native):
        raise ConcurrentUpdate("The instance was moved to another engine just now.", headers=_SOON)
    return placed


def _begin(  # noqa: PLR0913, PLR0917 - what is done, and what was known before the lock was taken
    gateway: Gateway, call: Call, work: Work[R], target: Target, placed: Target, seen: int
) -> Awaitable[R | _Moved]:
    """Do the work under the lock at once where no link has changed since the target was placed; else look again."""
    links = gateway.links
    if links.generation == seen and links.is_current():
        return work(placed) if call.claim is None else _claim_and_work(call, work, placed)
    return _look_again(gateway, call, work, target, placed)


async def _look_again(gateway: Gateway, call: Call, work: Work[R], target: Target, placed: Target) -> R | _Moved:
    await ensure_current(gateway)
    now = _place(gateway, target)
    if now.lock != placed.lock or now.engine is not placed.engine or now.native != placed.native:
        return _MOVED
    return await (work(now) if call.claim is None else _claim_and_work(call, work, now))


async def _mark_and_work(gateway: Gateway, work: Work[R], beyond: str, placed: Target) -> R:
    """Mark the link of an instance as stale first: whoever dies after the write could not say that it happened."""
    if placed.link is not None and not gateway.is_dry_run:
        await gateway.mark_stale(placed.link.link, beyond)
    return await work(placed)


async def write_under(gateway: Gateway, key: LockKey, call: Call, work: Callable[[], Awaitable[R]]) -> R:
    """Do what concerns both sides of a link, or a twin that is in none yet, while nobody else holds a lock.

    Writes of callers, to either side, take the lock of the link's source side: a cut-over that takes it lets them wait.
    Copies take that of the target side, whichever of the two decides, so that they exclude each other and no caller.

    Args:
        gateway: whose locks are taken.
        key: of the lock.
        call: its deadline bounds the wait for the lock.
        work: carried out under the lock.

    Raises:
        ConcurrentUpdate: others held the lock until the deadline; nothing was sent.
        StoreUnavailable: nobody can say whether other processes hold the lock; nothing was sent.
    """
    return await gateway.locks.hold(key, call, work)


async def write_unlocked(call: Call, work: Callable[[], Awaitable[R]]) -> R:
    """Carry out a write of an instance that is new or not known; there is no lock to take."""
    await claim_key(call)
    return await work()


async def claim_key(call: Call) -> None:
    """Claim the idempotency key of a call, unless it has none or has claimed it.

    ``write_instance`` and ``write_unlocked`` do so; a call that makes many writes under one key does so before them.
    """
    if call.claim is not None:
        await call.claim()


def under_lock(command: C, placed: Target) -> C:
    """Return the command with the instance whose lock is held; without a copy where the command has it already."""
    if placed.root == command.root and placed.native == command.instance:
        return command
    return msgspec.structs.replace(command, instance=placed.native, root=placed.root)


async def _claim_and_work(call: Call, work: Work[R], placed: Target) -> R:
    await claim_key(call)
    return await work(placed)

"""Cut-over of one link, and roll-back with the sides swapped: then the other side decides, or nothing has changed.

Read top to bottom: under the write lock of both sides, so that callers' writes wait, the instance that decides is
suspended, copied once more and compared; then one transaction of the store makes the other side decide. Each step is
committed before it is begun. What fails, or dies, before that transaction ends with the instance running as before
(``settling``). Placing and activating the token of the other side is for people: it is checked and reported.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from functools import partial

import msgspec

from gateway.bridge import apply
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate, InstanceStateConflict, VarbridgeError
from gateway.model.bridge import BridgePlan, Link, Move, Step
from gateway.model.copying import CopyOutcome, policy_of
from gateway.model.moving import MoveKind, MoveReport
from gateway.model.results import Instance
from gateway.operations import instances
from gateway.operations.bridge.copying import compare_link, copy_link
from gateway.operations.bridge.links import Left, Links
from gateway.operations.bridge.settling import bring_into_state, settle
from gateway.operations.bridge.sides import Sides, sides_of
from gateway.operations.bridge.tokens import describe_tokens, list_todo
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing_links import ensure_current
from gateway.operations.write import write_under
from gateway.plan import Call

_GO_BACK_S = 30.0
"""Longest time to let the instance run again after a move that failed; whoever asked for it waits for that."""
_ALIVE = frozenset(("active", "suspended"))


async def move_link(  # noqa: PLR0913, PLR0917 - a link, and all that its move depends on
    gateway: Gateway,
    links: Links,
    link: Link,
    plan: BridgePlan | None,
    kind: MoveKind,
    caller: str,
    call: Call,
    *,
    active_twin: bool = False,
) -> tuple[Link, MoveReport]:
    """Let the other side of a link decide from now on.

    Args:
        gateway: whose engines and locks they are.
        links: changes links.
        link: as it was read.
        plan: the link's.
        kind: ``cut-over``: the target decides; ``roll-back``: the source does again.
        caller: who asks for it.
        call: its deadline bounds the wait for writes that are under way, and everything before the owner changes.
        active_twin: whether the other side may be running: it stands at a first task, and nothing moves it on.

    Raises:
        BridgeTransitionRefused: the link's state does not allow it, its copy is stale, the sides differ after the last
            copy, or the bridge is switched off.
        InstanceStateConflict: a side has ended, or the other side is running.
        ConcurrentUpdate: the link was changed meanwhile, or writes kept the instance busy until the deadline.
        VarbridgeError: an engine or the store failed. The instance runs on as before, at the latest once its engine and
            the store are there again.
    """
    links.switch.require_on()
    _check(link, kind, plan)
    work = _Moving(gateway, links, plan, kind, caller, call, active_twin=active_twin)
    return await write_under(gateway, link.lock, call, partial(work.run, link.id))


def _check(link: Link, kind: MoveKind, plan: BridgePlan | None) -> None:
    """Refuse what the table or the plan's stage does not allow, before anything waits for it or is suspended."""
    if link.move is not None:
        raise BridgeTransitionRefused(f"A {link.move.kind} of this link is under way already.")
    _ = apply(link, kind, "final" if plan is None else plan.stage)


class _Moving:
    """One cut-over or roll-back, under the write lock of both sides."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a move depends on, once
        self,
        gateway: Gateway,
        links: Links,
        plan: BridgePlan | None,
        kind: MoveKind,
        caller: str,
        call: Call,
        *,
        active_twin: bool,
    ) -> None:
        self._gateway, self._links, self._plan = gateway, links, plan
        self._kind: MoveKind = kind
        self._caller, self._call = caller, call
        self._active_twin = active_twin
        self._process = secrets.token_hex(16)
        self._differs = False

    async def run(self, link_id: str) -> tuple[Link, MoveReport]:
        await ensure_current(self._gateway)
        link = await self._links.find(link_id)
        _check(link, self._kind, self._plan)
        sides = sides_of(self._gateway, link)
        left, twin = await self._look(sides)
        move = Move(
            kind=self._kind,
            step="suspending",
            resume=left.state == "active",
            caller=self._caller,
            process=self._process,
        )
        link = await self._links.set_move(link, move, self._caller)
        try:
            link, copied, verified = await self._carry_out(link, move, sides)
        except BaseException as error:
            await self._go_back(link_id, error)
            raise
        state = twin.state
        if link.move is not None:
            link = await self._let_run(link)
            state = "active" if link.move is None and link.problem is None else state
        return link, await self._report(sides, state, copied, verified)

    async def _look(self, sides: Sides) -> tuple[Instance, Instance]:
        """Return both sides, the one that decides first.

        Raises:
            InstanceStateConflict: one has ended or failed, or the other one is running though it must not be.
        """
        left = await self._describe(sides.owner)
        twin = await self._describe(sides.twin)
        if twin.state == "active" and not self._active_twin and self._kind == "cut-over":
            detail = "The target is running. Suspend it, or say `activeTarget` if nothing moves it on."
            raise InstanceStateConflict(detail, engine=sides.twin.engine.name)
        return left, twin

    async def _describe(self, side: Target) -> Instance:
        found = await instances.describe_instance(self._gateway, side, self._call)
        if found.state not in _ALIVE:
            raise InstanceStateConflict(f"{side.public} is {found.state}.", engine=side.engine.name)
        return found

    async def _carry_out(self, link: Link, move: Move, sides: Sides) -> tuple[Link, CopyOutcome, CopyOutcome]:
        if move.resume:
            await bring_into_state(self._gateway, sides.owner, "suspended", self._call)
        policy = policy_of(self._plan)
        link = await self._step(link, move, "copying")
        require_on = self._links.switch.require_on
        copied = await copy_link(self._gateway, self._links.records, link, policy, self._call, go_on=require_on)
        self._require_equal(copied)
        link = await self._step(link, move, "comparing")
        left_out = (*link.left_out, *copied.skipped)
        verified = await compare_link(
            self._gateway, msgspec.structs.replace(link, left_out=left_out), policy, self._call
        )
        self._require_equal(verified)
        self._require_lock()
        return await self._flip(link, move, copied, verified), copied, verified

    async def _step(self, link: Link, move: Move, step: Step) -> Link:
        self._links.switch.require_on()
        return await self._links.set_move(link, msgspec.structs.replace(move, step=step), self._caller)

    def _require_lock(self) -> None:
        """Make sure that no other process may have written meanwhile.

        Raises:
            ConcurrentUpdate: the write lock has run out.
        """
        now = asyncio.get_running_loop().time()
        if any(lease.until <= now for lease in self._call.leases):
            raise ConcurrentUpdate("The write lock ran out before the move could end; nothing was changed.")

    def _require_equal(self, outcome: CopyOutcome) -> None:
        """Refuse to go on where the sides are not equal, or not known to be.

        Raises:
            BridgeTransitionRefused: with the reason.
        """
        self._differs = bool(outcome.different)
        if outcome.result != "copied":
            raise BridgeTransitionRefused(f"The last copy ended with {outcome.code}: {outcome.reason}")
        if outcome.raced:
            raise BridgeTransitionRefused("The suspended instance was still being changed from outside of the gateway.")

    async def _flip(self, link: Link, move: Move, copied: CopyOutcome, verified: CopyOutcome) -> Link:
        """Let the other side decide; after a roll-back the source must still be made to run as it did."""
        evidence = {
            "equal by rule": verified.by_rule,
            "skipped": len(copied.skipped),
            "written": copied.written,
            "deleted": copied.deleted,
        }
        if self._kind == "cut-over":
            left = Left(was_running=move.resume, left_out=copied.skipped)
            return await self._links.apply(link, "cut-over", self._caller, evidence, move=None, left=left)
        following = msgspec.structs.replace(move, step="resuming", resume=True) if link.was_running else None
        left = Left(was_running=False, left_out=())
        return await self._links.apply(link, "roll-back", self._caller, evidence, move=following, left=left)

    async def _go_back(self, link_id: str, error: BaseException) -> None:
        """Let the instance run as before; what cannot be done now is done by the sweeper."""
        reason = error.detail if isinstance(error, VarbridgeError) else "It was broken off."
        problem = f"The {self._kind} failed: {reason}"
        try:
            _ = await settle(self._gateway, self._links, link_id, self._new_call(), self._process, problem=problem)
        except VarbridgeError as failure:
            if isinstance(error, VarbridgeError):
                _ = error.hint(f"The instance could not be made to run again yet ({failure.code}); it is tried again")
        if self._differs:
            with contextlib.suppress(VarbridgeError):
                _ = await self._links.mark_stale(link_id, reason, self._caller)

    async def _let_run(self, link: Link) -> Link:
        """Let the source run again after a roll-back; where that fails now, the sweeper tries again."""
        try:
            return await settle(self._gateway, self._links, link.id, self._new_call(), self._process) or link
        except VarbridgeError:
            return link

    def _new_call(self) -> Call:
        deadline = asyncio.get_running_loop().time() + _GO_BACK_S
        return Call(deadline=deadline, request_id=self._call.request_id, leases=self._call.leases)

    async def _report(self, sides: Sides, state: str, copied: CopyOutcome, verified: CopyOutcome) -> MoveReport:
        left_tokens = await describe_tokens(self._gateway, sides.owner, self._call)
        twin_tokens = await describe_tokens(self._gateway, sides.twin, self._call)
        return MoveReport(
            kind=self._kind,
            left=sides.owner.public,
            left_state="suspended",
            owner=sides.twin.public,
            owner_state=state,
            verified=verified.capped(),
            copied=copied.capped(),
            left_activities=left_tokens,
            owner_activities=twin_tokens,
            todo=list_todo(self._kind, sides, state, left_tokens, twin_tokens),
        )

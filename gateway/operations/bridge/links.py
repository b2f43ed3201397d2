"""Changes of links: the one place that makes, changes and removes them.

Each change is allowed by the closed table of ``gateway.bridge``, stored unless the link has changed meanwhile, recorded
in the audit trail in the same transaction, and noted by whoever routes by links. Reading is ``Links.records``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from gateway.bridge.linking import NotLinked, find_reason, find_refusal
from gateway.bridge.records import LinkStore, PlanStore
from gateway.bridge.transitions import Event, apply
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate, LinkNotFound
from gateway.model.audit import SYSTEM, AuditAct
from gateway.model.bridge import BridgePlan, Link, Move, Stage
from gateway.operations.bridge.switch import Switch

NoteLinks: TypeAlias = Callable[[Sequence[Link], Sequence[str]], None]
"""Is given links as they are now, and ids of links that are no more, right after the commit."""
_ALWAYS_ON = Switch()
_TRIES = 20
"""A mark is tried again so often where others change the link at the same moment; more would mean that something loops.
"""
_WITHOUT_COPY = frozenset(("linked", "final"))
"""States in which no copy can become stale: there is none yet, or it is no longer kept."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """How a copy or cut-over leaves a link: see ``Link.was_running`` and ``Link.left_out``."""

    was_running: bool
    left_out: tuple[str, ...]


def _note_nothing(_links: Sequence[Link], _removed: Sequence[str]) -> None:
    """Route by no links."""


class Links:
    """The links of the store.

    Args:
        records: where links are stored.
        plans: where their plans are.
        note: is told of every change.
        switch: whether links may change.
    """

    def __init__(
        self,
        records: LinkStore,
        plans: PlanStore,
        note: NoteLinks = _note_nothing,
        switch: Switch = _ALWAYS_ON,
    ) -> None:
        self.records = records
        self._plans, self._note, self.switch = plans, note, switch

    async def find(self, link_id: str) -> Link:
        """Return a link by its id.

        Raises:
            LinkNotFound: there is none.
        """
        link = await self.records.find(link_id)
        if link is None:
            raise LinkNotFound
        return link

    async def create(self, link: Link, caller: str) -> Link:
        """Make one link.

        Raises:
            BridgeTransitionRefused: it cannot be made, with the reason.
        """
        [made] = await self.create_many([link], caller)
        if isinstance(made, NotLinked):
            raise BridgeTransitionRefused(made.detail)
        return made

    async def create_many(
        self, links: Sequence[Link], caller: str, evidence: Mapping[str, Any] | None = None
    ) -> list[Link | NotLinked]:
        """Make links in one transaction; return them in order, as stored, or why they were not made.

        Args:
            links: a thousand are few enough.
            caller: name of who makes them.
            evidence: what the audit trail says of each beside its sides and plan.

        Raises:
            BridgeTransitionRefused: the bridge is switched off.
        """
        self.switch.require_on()
        plans = await self._plans_of(links)
        refused = [find_refusal(link, plans) for link in links]
        fitting = [link for link, reason in zip(links, refused, strict=True) if reason is None]
        acts = [_act(link, caller, "create", {"plan": link.plan} | dict(evidence or {})) for link in fitting]
        stored = iter(await self.records.create(fitting, acts) if fitting else [])
        made = [reason or next(stored) for reason in refused]
        self._note([each for each in made if isinstance(each, Link)], ())
        missing = [link for link, each in zip(links, made, strict=True) if each is None]
        reasons = iter(await self._reasons(missing) if missing else [])
        return [each or next(reasons) for each in made]

    async def record_import(self, import_id: str, caller: str, evidence: Mapping[str, Any]) -> None:
        """Record what an import came to; its links are recorded each for itself, with its id."""
        act = AuditAct(caller=caller, action="link.import", subject=f"import:{import_id}", evidence=evidence)
        await self.records.record([act])

    async def apply(  # noqa: PLR0913 - an event, and all that is recorded of it
        self,
        link: Link,
        event: Event,
        caller: str,
        evidence: Mapping[str, Any] | None = None,
        *,
        problem: str | None = None,
        move: Move | msgspec.UnsetType | None = msgspec.UNSET,
        left: Left | None = None,
    ) -> Link:
        """Let an event happen to a link; return the link as stored.

        Args:
            link: as it was read; where it has changed since, nothing happens.
            event: ``unlink`` is ``remove``.
            caller: name of who wants it.
            evidence: what the audit trail says beside the states; small, and never a value.
            problem: what went wrong, for people; None = nothing.
            move: the cut-over or roll-back that is under way after it. Whoever carries one out says so; without it,
                an event is refused while one is under way.
            left: how a copy or cut-over leaves it.

        Raises:
            BridgeTransitionRefused: the event may not happen now, or the bridge is switched off.
            ConcurrentUpdate: the link has changed since it was read.
        """
        self.switch.require_on()
        if move is msgspec.UNSET:
            _check_still(link, event)
        after = apply(link, event, await self._furthest(link))
        moving = link.move if move is msgspec.UNSET else move
        after = msgspec.structs.replace(after, problem=problem, move=moving)
        if left is not None:
            after = msgspec.structs.replace(after, was_running=left.was_running, left_out=left.left_out)
        changes = {"before": link.state, "after": after.state, "authority": after.authority}
        return await self._replace(after, _act(link, caller, event, changes | dict(evidence or {})))

    async def mark_stale(self, link_id: str, why: str, caller: str = SYSTEM) -> Link | None:
        """Mark a link as stale, whatever else happens to it and whether the bridge is switched off.

        Args:
            link_id: of the link.
            why: for people, never a value.
            caller: name of whose write it was.

        Returns:
            The link as stored; None where it is gone. One that is stale already, or has no copy, is left as it is.

        Raises:
            ConcurrentUpdate: others changed the link all the time.
        """
        for _ in range(_TRIES):
            current = await self.records.find(link_id)
            if current is None or current.stale is not None or current.state in _WITHOUT_COPY:
                return current
            marked = msgspec.structs.replace(current, stale=why)
            stored = await self.records.replace(marked, [_act(current, caller, "stale", {"why": why})])
            if stored is not None:
                self._note([stored], ())
                return stored
        raise _changed()

    async def set_move(self, link: Link, move: Move | None, caller: str, problem: str | None = None) -> Link:
        """Store where a cut-over or roll-back is, or that it has ended without an event; return the link as stored.

        What has begun may go on, and end, while the bridge is switched off.

        Args:
            link: as it was read.
            move: where it is; None = it has ended.
            caller: name of who wants it.
            problem: what went wrong, for people; None = what the link says already.

        Raises:
            BridgeTransitionRefused: the bridge is switched off, or another one is under way.
            ConcurrentUpdate: the link has changed since it was read.
        """
        if move is not None and (link.move is None or link.move.kind != move.kind):
            self.switch.require_on()
            _check_still(link, move.kind)
        after = msgspec.structs.replace(link, move=move, problem=problem or link.problem)
        return await self._replace(after, *_move_acts(link, move, caller))

    async def remove(self, link: Link, caller: str) -> None:
        """Remove a link (the event ``unlink``): its instances have nothing to do with one another any more.

        Raises:
            BridgeTransitionRefused: its state does not allow that, or the bridge is switched off.
            ConcurrentUpdate: the link has changed since it was read.
        """
        self.switch.require_on()
        _check_still(link, "unlink")
        _ = apply(link, "unlink")
        evidence = {"before": link.state, "authority": link.authority, "plan": link.plan}
        if not await self.records.remove(link, [_act(link, caller, "unlink", evidence)]):
            raise _changed()
        self._note((), [link.id])

    async def _replace(self, link: Link, *acts: AuditAct) -> Link:
        stored = await self.records.replace(link, acts)
        if stored is None:
            raise _changed()
        self._note([stored], ())
        return stored

    async def _furthest(self, link: Link) -> Stage:
        plan = None if link.plan is None else await self._plans.find(link.plan)
        return "final" if plan is None else plan.stage

    async def _plans_of(self, links: Sequence[Link]) -> dict[str, BridgePlan]:
        names = {link.plan for link in links if link.plan is not None}
        found = [await self._plans.find(name) for name in names]
        return {plan.name: plan for plan in found if plan is not None}

    async def _reasons(self, links: Sequence[Link]) -> list[NotLinked]:
        """Return why the store did not take links: a side of each is in a link, or its plan was removed meanwhile."""
        sides = [side for link in links for side in (link.source, link.target)]
        taken = await self.records.find_by_sides(sides)
        return [find_reason(link, taken) for link in links]


def _check_still(link: Link, event: str) -> None:
    """Refuse what comes between the steps of a cut-over or roll-back."""
    if link.move is not None:
        raise BridgeTransitionRefused(f"A {link.move.kind} of this link is under way; {event} must wait until it ends.")


def _changed() -> ConcurrentUpdate:
    return ConcurrentUpdate("The link has changed since it was read.")


def _move_acts(link: Link, move: Move | None, caller: str) -> list[AuditAct]:
    """Return what is recorded: that a cut-over or roll-back begins, or has ended without effect; no step between."""
    match link.move, move:
        case None, Move():
            return [_act(link, caller, f"{move.kind}.begin", {"resume": move.resume})]
        case Move() as before, None:
            return [_act(link, caller, f"{before.kind}.end", {"step": before.step})]
        case _:
            return []


def _act(link: Link, caller: str, verb: str, evidence: Mapping[str, Any]) -> AuditAct:
    sides = {"source": link.source.public, "target": link.target.public}
    return AuditAct(caller=caller, action=f"link.{verb}", subject=f"link:{link.id}", evidence=sides | dict(evidence))

"""Where plans and links are stored, as the bridge sees it; ``gateway.store.bridge_plans`` and ``.links`` are it.

Every method raises ``StoreUnavailable`` when the store cannot be reached. A write may then have happened or not;
repeating it does no harm. The acts that a change is given are recorded in the audit trail in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.model.audit import ALL_ENTRIES, AuditAct, AuditEntry, AuditFilter, Head
from gateway.model.bridge import ALL_LINKS, BridgePlan, Link, LinkCounts, LinkFilter, Side

CheckPlan: TypeAlias = Callable[[Sequence[BridgePlan]], None]
"""Is given all other plans, in the transaction that stores one; raises what stands against it."""


def allow(_others: Sequence[BridgePlan]) -> None:
    """Let a plan be stored, whatever others there are."""


class PlanStore(Protocol):
    """Bridge plans, by name."""

    async def create(self, plan: BridgePlan, check: CheckPlan = allow, acts: Sequence[AuditAct] = ()) -> bool:
        """Store a new plan and record its acts; return False where there is one of this name.

        Raises:
            VarbridgeError: that of ``check``; nothing is stored.
        """
        ...

    async def find(self, name: str) -> BridgePlan | None:
        """Return a plan, or None."""
        ...

    async def list_all(self) -> list[BridgePlan]:
        """Return all plans, by name."""
        ...

    async def replace(self, plan: BridgePlan, check: CheckPlan = allow, acts: Sequence[AuditAct] = ()) -> bool:
        """Store a plan anew with the next version and record its acts.

        Return False where its version is not the one stored; nothing is recorded then.

        Raises:
            VarbridgeError: that of ``check``; nothing is stored.
        """
        ...

    async def remove(self, name: str, acts: Sequence[AuditAct] = ()) -> bool:
        """Remove a plan that has no links, and record its acts; return whether it was removed."""
        ...


class LinkStore(Protocol):
    """Links. An instance is in one link at most, on whichever side."""

    async def create(self, links: Sequence[Link], acts: Sequence[AuditAct] = ()) -> list[Link | None]:
        """Store new links in one transaction; return them in order, as stored.

        None stands for each whose sides are taken, also by one before it, or whose plan there is not. A thousand of
        them are few enough.

        Args:
            links: to be stored.
            acts: one for each link, in the same order; those of links that are stored are recorded with them.
        """
        ...

    async def find(self, link_id: str) -> Link | None:
        """Return a link, or None."""
        ...

    async def find_by_side(self, side: Side) -> Link | None:
        """Return the link that an instance is in, or None."""
        ...

    async def find_by_sides(self, sides: Sequence[Side]) -> dict[Side, Link]:
        """Return the links that instances are in, by those instances; a thousand of them are few enough."""
        ...

    async def list_some(self, wanted: LinkFilter = ALL_LINKS, *, after: str = "", limit: int = 100) -> list[Link]:
        """Return links in the order of their ids, from behind one on."""
        ...

    async def count(self, plan: str | None = None) -> LinkCounts:
        """Return how many links there are in each state, and how many are stale."""
        ...

    async def list_moving(self) -> list[str]:
        """Return the ids of the links of which a cut-over or roll-back has begun and not ended."""
        ...

    async def replace(self, link: Link, acts: Sequence[AuditAct] = ()) -> Link | None:
        """Store a link anew, as its next change, and record its acts; return it as stored.

        Return None where it has changed meanwhile: its ``changed`` is not the one stored. Nothing is recorded then.
        """
        ...

    async def remove(self, link: Link, acts: Sequence[AuditAct] = ()) -> bool:
        """Remove a link unless it has changed meanwhile, and record its acts; return whether it was removed."""
        ...

    async def record(self, acts: Sequence[AuditAct]) -> None:
        """Record acts that change no link themselves."""
        ...

    async def changed_since(
        self, number: int, limit: int, known: int | None = None
    ) -> tuple[list[Link], list[str], int]:
        """Return links changed after a change, ids of links removed after it, and the number of the last change seen.

        All links of one change are returned together, so there may be more than ``limit`` of them; fewer than that
        means that there are no more. Where it is no longer known which links were removed, the last number is
        ``FORGOTTEN``: begin again with nothing.

        Args:
            number: of the change.
            limit: links that are enough.
            known: the change up to which all was known before the first of these calls, where this is a further one.
        """
        ...

    async def delete_old(self) -> bool:
        """Delete some rows of links that were removed a day ago; return whether there may be more of them."""
        ...

    async def last_change(self) -> int:
        """Return the number of the last change of any link; 0 where there has been none."""
        ...


class AuditStore(Protocol):
    """The audit trail, as it is read; ``gateway.store.audit`` is it."""

    async def head(self) -> Head:
        """Return the end of the chain, as the store has it: ``GENESIS`` where nothing was ever recorded."""
        ...

    async def list_after(self, sequence: int, limit: int) -> list[AuditEntry]:
        """Return entries behind one, in the order of the chain."""
        ...

    async def list_latest(self, wanted: AuditFilter = ALL_ENTRIES, limit: int = 100) -> list[AuditEntry]:
        """Return entries, the latest first."""
        ...

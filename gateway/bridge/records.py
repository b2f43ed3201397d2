"""Where plans and links are stored, as the bridge sees it; ``gateway.store.bridge_plans`` and ``.links`` are it.

Every method raises ``StoreUnavailable`` when the store cannot be reached. A write may then have happened or not;
repeating it does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.bridge import BridgePlan, Link, LinkState, Side


class PlanStore(Protocol):
    """Bridge plans, by name."""

    async def create(self, plan: BridgePlan) -> bool:
        """Store a new plan; return False where there is one of this name."""
        ...

    async def find(self, name: str) -> BridgePlan | None:
        """Return a plan, or None."""
        ...

    async def list_all(self) -> list[BridgePlan]:
        """Return all plans, by name."""
        ...

    async def replace(self, plan: BridgePlan) -> bool:
        """Store a plan anew with the next version; return False where its version is not the one stored."""
        ...

    async def remove(self, name: str) -> bool:
        """Remove a plan that has no links; return whether it was removed."""
        ...


class LinkStore(Protocol):
    """Links. An instance is in one link at most, on whichever side."""

    async def create(self, links: Sequence[Link]) -> list[Link | None]:
        """Store new links in one transaction; in order, as stored, with None for each whose sides are taken."""
        ...

    async def find(self, link_id: str) -> Link | None:
        """Return a link, or None."""
        ...

    async def find_by_side(self, side: Side) -> Link | None:
        """Return the link that an instance is in, or None."""
        ...

    async def list_some(
        self, *, plan: str | None = None, state: LinkState | None = None, after: str = "", limit: int = 100
    ) -> list[Link]:
        """Return links in the order of their ids, from behind one on."""
        ...

    async def count_by_state(self, plan: str | None = None) -> dict[LinkState, int]:
        """Return how many links there are in each state."""
        ...

    async def replace(self, link: Link) -> Link | None:
        """Store a link anew, as its next change; return it as stored, None where it has changed meanwhile.

        It has changed where its ``changed`` is not the one stored.
        """
        ...

    async def remove(self, link: Link) -> bool:
        """Remove a link unless it has changed meanwhile; return whether it was removed."""
        ...

    async def changed_since(self, number: int, limit: int) -> tuple[list[Link], list[str], int]:
        """Return links changed after a change, ids of links removed after it, and the number of the last change seen.

        At most ``limit`` of them are returned; fewer than that means that there are no more.
        """
        ...

    async def last_change(self) -> int:
        """Return the number of the last change of any link; 0 where there has been none."""
        ...

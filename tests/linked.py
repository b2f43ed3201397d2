"""Links for tests: made of two canonical ids, and kept in memory as the store keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.model.bridge import FORGOTTEN, Link, Side


def side(public: str) -> Side:
    return Side(*public.split(":", 1))


def link(source: str, target: str, number: int = 1, **more: Any) -> Link:
    """A link of two canonical ids, as change ``number`` has stored it."""
    given = {"id": f"{number:032x}", "public": source, "changed": number}
    return Link(source=side(source), target=side(target), **(given | more))


def moved(source: str, target: str, number: int = 1, **more: Any) -> Link:
    """A link whose target decides."""
    return link(source, target, number, **({"state": "live", "authority": "target"} | more))


class Kept:
    """A ``LinkStore`` in memory, as far as routes read it; ``reads`` counts how often they do."""

    def __init__(self, *links: Link) -> None:
        self.links = {each.id: each for each in links}
        self.removed: dict[str, int] = {}
        self.number = max((each.changed for each in links), default=0)
        self.reads, self.forgotten = 0, 0
        self.broken: Exception | None = None

    def change(self, *links: Link) -> list[Link]:
        """Store links in one change; return them as stored."""
        self.number += 1
        stored = [msgspec.structs.replace(each, changed=self.number) for each in links]
        self.links |= {each.id: each for each in stored}
        return stored

    def remove(self, link_id: str) -> None:
        self.number += 1
        del self.links[link_id]
        self.removed[link_id] = self.number

    async def last_change(self) -> int:
        if self.broken is not None:
            raise self.broken
        return self.number

    def forget(self) -> None:
        """Forget which links were removed, as the store does after a day."""
        self.forgotten = max(self.removed.values())
        self.removed.clear()

    async def changed_since(
        self, number: int, limit: int, known: int | None = None
    ) -> tuple[list[Link], list[str], int]:
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        if 0 < (number if known is None else known) < self.forgotten:
            return [], [], FORGOTTEN
        changed = sorted((each for each in self.links.values() if each.changed > number), key=_order)
        last = self.number
        if len(changed) > limit:
            last = changed[limit - 1].changed
            changed = [each for each in changed if each.changed <= last]
        return changed, [each for each, at in self.removed.items() if number < at <= last], last


def _order(each: Link) -> tuple[int, str]:
    return each.changed, each.id


def ids(links: Sequence[Link]) -> list[str]:
    return [each.id for each in links]

"""Finding instances over several engines, page by page: engine after engine, each in the order of its ids.

Instances come and go between two pages, so an offset alone would skip some and repeat others: a page begins some rows
before where the last one ended and goes on behind one that was given then. Variables are walked in ``query``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.errors import CursorExpired, Unsupported, VarbridgeError
from gateway.model.commands import FindInstances
from gateway.model.results import Instance
from gateway.operations.gateway import Gateway
from gateway.operations.query import Part, together
from gateway.plan import Call
from gateway.port import FEATURES, Engine

_ANCHORS = 3
"""Last instances remembered; all three ended between two pages is rare, and said."""
_STEPS = 8
"""Looks for one that is known, each twice as wide: some 250 pages' worth of instances that came or went meanwhile."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk stands on one engine: how many it gave, the last of them, and whether that was all."""

    offset: int = 0
    seen: tuple[str, ...] = ()
    done: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page: instances with their engines, how each engine took part, where each stands; None = that was all."""

    instances: tuple[tuple[str, Instance], ...]
    parts: tuple[Part, ...]
    spots: dict[str, Spot] | None


async def page(
    gateway: Gateway, engines: Sequence[str], command: FindInstances, spots: dict[str, Spot] | None, call: Call
) -> Found:
    """Give the next page; engines that fail are told in ``parts``, and the others' instances are there.

    Raises:
        CursorExpired: too much has changed since the last page.
    """
    walks = [_Walk(gateway, name, command, (spots or {}).get(name, Spot())) for name in engines]
    waiting = [walk for walk in walks if walk.error is None and not walk.spot.done]
    found: list[tuple[str, Instance]] = []
    at_once = waiting if spots is None else waiting[:1]
    while waiting and len(found) < command.limit:
        for failed in await together([walk.read(call) for walk in at_once]):
            if failed is not None:
                raise failed
        while waiting and waiting[0].asked and len(found) < command.limit:
            walk = waiting[0]
            found += [(walk.name, each) for each in walk.taken(command.limit - len(found))]
            if walk.spot.done or walk.error is not None:
                _ = waiting.pop(0)
        at_once = waiting[:1]
    counts = [sum(1 for name, _ in found if name == walk.name) for walk in walks]
    parts = tuple(
        Part(engine=walk.name, count=count, asked=walk.asked or walk.spot.done, error=walk.error)
        for walk, count in zip(walks, counts, strict=True)
    )
    left = any(not walk.spot.done and walk.error is None for walk in walks)
    return Found(instances=tuple(found), parts=parts, spots={walk.name: walk.spot for walk in walks} if left else None)


class _Walk:
    """One engine's instances from where the page before ended; one read a page, more only to find that place."""

    def __init__(self, gateway: Gateway, name: str, command: FindInstances, spot: Spot) -> None:
        self.name, self.spot = name, spot
        self.asked = False
        self.error: VarbridgeError | None = _refusal(gateway.engines[name], command)
        self._gateway, self._command = gateway, command
        self._rows: list[tuple[Instance, int]] = []
        self._more = False

    async def read(self, call: Call) -> None:
        """Read one page and one instance more, which tells whether there are others.

        Raises:
            CursorExpired: none of the instances remembered is to be found.
        """
        self.asked = True
        try:
            await self._located(call)
        except CursorExpired:
            raise
        except VarbridgeError as error:
            self.error = error

    async def _located(self, call: Call) -> None:
        wanted = self._command.limit + 1
        around = len(self.spot.seen)
        for _ in range(_STEPS):
            start = max(0, self.spot.offset - around)
            most = self.spot.offset - start + around + wanted
            rows = await self._piece(start, most, call)
            known = _last_known(rows, self.spot.seen)
            if known is not None or not self.spot.seen:
                first = 0 if known is None else known + 1
                self._rows = [(each, start + first + index + 1) for index, each in enumerate(rows[first:])]
                self._more = len(rows) == most
                return
            if start == 0 and len(rows) < most:
                break
            around = around * 2 + wanted
        raise CursorExpired("Too many instances came or went since the last page; ask from the beginning.")

    async def _piece(self, offset: int, limit: int, call: Call) -> tuple[Instance, ...]:
        command = msgspec.structs.replace(self._command, offset=offset, limit=limit)
        plan = self._gateway.engines[self.name].find_instances(command)
        return (await self._gateway.run(self.name, plan, call)).instances

    def taken(self, most: int) -> list[Instance]:
        """Give so many instances at most, and stand behind them."""
        rows, self._rows = self._rows[:most], self._rows[most:]
        if rows:
            seen = (*self.spot.seen, *(each.id for each, _ in rows))[-_ANCHORS:]
            self.spot = Spot(offset=rows[-1][1], seen=seen)
        if not self._rows and not self._more:
            self.spot = Spot(done=True)
        elif not self._rows:
            self.asked = False  # the piece is used up, and there is more
        return [each for each, _ in rows]


def _last_known(rows: Sequence[Instance], seen: tuple[str, ...]) -> int | None:
    return next((index for index in range(len(rows) - 1, -1, -1) if rows[index].id in seen), None)


def _refusal(engine: Engine, command: FindInstances) -> Unsupported | None:
    features = engine.capabilities.features
    for wanted, feature in (
        (command.business_key is not None, "instances.find.business_key"),
        (command.definition is not None, "instances.find.definition"),
        (command.ended, "instances.ended"),
    ):
        if wanted and feature not in features:
            return Unsupported(f"This engine cannot {FEATURES[feature]}.", engine=engine.name)
    return None

"""Finding instances over several engines, page by page: engine after engine, each in the order of its ids.

Instances appear and vanish between two pages, so an offset alone would skip some and repeat others. A page begins some
rows before the end of the last page and goes on behind an instance that the last page gave. Variables are walked in
``paging``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from gateway.errors import CursorExpired, PayloadTooLarge, Unsupported, VarbridgeError
from gateway.model.commands import FindInstances
from gateway.model.results import Instance
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Gateway
from gateway.operations.paging import MAX_WALKED, EngineShare, LinkScope, native_ids, raise_failure
from gateway.operations.paging.linked import AT_ONCE, PLAIN, counts, ids_behind, resolve_ids, without_twins
from gateway.operations.paging.position import last_anchor
from gateway.operations.placing_links import require_links
from gateway.plan import Call
from gateway.port import FEATURES, Engine

_ANCHORS = 3
"""Instances remembered as anchors. If all three end between two pages, the cursor expires, which is rare."""
_PAGE = 1000
"""Instances of one page of a walk by number."""
_LEAST_PIECE = 200
"""Instances of one read on an engine of which some do not count; a small page would take many reads otherwise."""
_MAX_READS = 50
"""Reads of one page. A page of instances of which hardly any counts ends short instead of late."""
_STEPS = 8
"""Reads that look for an anchor, each twice as wide: some 250 pages' worth of instances that came or went meanwhile."""


class InstancePosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a walk stands on one engine: instances given so far, the last of them, and whether none is left."""

    offset: int = 0
    anchors: tuple[str, ...] = msgspec.field(default=(), name="seen")
    done: bool = False


class InstancePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page.

    Args:
        instances: engine name and instance.
        shares: how each engine took part.
        positions: where the walk stands on each engine; None: this page is the last.
    """

    instances: tuple[tuple[str, Instance], ...]
    shares: tuple[EngineShare, ...]
    positions: dict[str, InstancePosition] | None


async def find_page(  # noqa: PLR0913 - a search, where it stands, and what counts
    gateway: Gateway,
    engines: Sequence[str],
    command: FindInstances,
    positions: dict[str, InstancePosition] | None,
    call: Call,
    *,
    linked: LinkScope = PLAIN,
) -> InstancePage:
    """Return the next page. An engine that fails has its error in ``shares``; the others' instances are there.

    A page may end short where many instances do not count (``linked``).

    Raises:
        CursorExpired: too much has changed since the last page.
        StoreUnavailable: links were never read. InstanceAmbiguous: a bare id means instances of several links.
    """
    command = _resolved(gateway, linked, command)
    walks = [
        _EngineWalk(gateway, name, command, (positions or {}).get(name, InstancePosition()), linked) for name in engines
    ]
    waiting = [walk for walk in walks if walk.error is None and not walk.position.done]
    found: list[tuple[str, Instance]] = []
    at_once = waiting if positions is None else waiting[:1]
    reads = 0
    while waiting and len(found) < command.limit and reads < _MAX_READS:
        reads += 1
        for failed in await gather_bounded([walk.read(call) for walk in at_once]):
            if failed is not None:
                raise failed
        while waiting and waiting[0].was_read and len(found) < command.limit:
            walk = waiting[0]
            taken = walk.take_many(command.limit - len(found))
            found += [(walk.name, each) for each in taken if counts(gateway, linked, walk.name, each.id)]
            if walk.position.done or walk.error is not None:
                _ = waiting.pop(0)
        at_once = waiting[:1]
    return _page(walks, found)


async def walk_instances(
    gateway: Gateway, engines: Sequence[str], command: FindInstances, call: Call, linked: LinkScope = PLAIN
) -> tuple[tuple[str, Instance], ...]:
    """Return instances by number, over as many pages as that takes, with the names of their engines.

    Args:
        gateway: whose engines.
        engines: their names, in order.
        command: with public ids; ``offset`` and ``limit`` count over all engines.
        call: the budget.
        linked: which linked instances count.

    Raises:
        Unsupported: an engine cannot find instances so; none was asked.
        PayloadTooLarge: more instances would have to be read than are read for one request.
        VarbridgeError: the first engine's that failed.
    """
    command = _resolved(gateway, linked, command)
    for name in engines:
        engine = gateway.engines[name]
        if (refused := _refusal(engine, _native(engine, gateway, command))) is not None:
            raise refused
    found: list[tuple[str, Instance]] = []
    positions: dict[str, InstancePosition] | None = None
    end = command.offset + command.limit
    while len(found) < min(end, MAX_WALKED):
        limit = min(min(end, MAX_WALKED) - len(found), _PAGE)
        wanted = msgspec.structs.replace(command, offset=0, limit=limit)
        page = await find_page(gateway, engines, wanted, positions, call, linked=linked)
        raise_failure(page.shares)
        found += page.instances
        positions = page.positions
        if positions is None:
            return tuple(found[command.offset :])
    if end > MAX_WALKED:
        raise PayloadTooLarge(f"More than {MAX_WALKED} instances are not read for one request; ask for fewer.")
    return tuple(found[command.offset :])


def _resolved(gateway: Gateway, linked: LinkScope, command: FindInstances) -> FindInstances:
    """Return a command whose ids of linked instances are those of the sides that count."""
    if not gateway.links.active:
        return command
    require_links(gateway)
    return command if command.ids is None else replace(command, ids=resolve_ids(gateway, linked, command.ids))


def _page(walks: Sequence[_EngineWalk], found: list[tuple[str, Instance]]) -> InstancePage:
    counts = [sum(1 for name, _ in found if name == walk.name) for walk in walks]
    shares = tuple(
        EngineShare(engine=walk.name, count=count, asked=walk.was_read or walk.position.done, error=walk.error)
        for walk, count in zip(walks, counts, strict=True)
    )
    left = any(not walk.position.done and walk.error is None for walk in walks)
    positions = {walk.name: walk.position for walk in walks} if left else None
    return InstancePage(instances=tuple(found), shares=shares, positions=positions)


class _EngineWalk:
    """One engine's instances from where the last page ended: one read a page, more only to find the anchors."""

    def __init__(
        self, gateway: Gateway, name: str, command: FindInstances, position: InstancePosition, linked: LinkScope
    ) -> None:
        engine = gateway.engines[name]
        command = _narrowed(gateway, linked, engine, _native(engine, gateway, command))
        self.name = name
        self.position = InstancePosition(done=True) if command.ids == () else position
        self.was_read = False
        self.error: VarbridgeError | None = _refusal(engine, command)
        self._gateway, self._command = gateway, command
        self._pending: list[tuple[Instance, int]] = []
        self._more = False

    async def read(self, call: Call) -> None:
        """Read one page and one instance more, which shows whether there is another page.

        Raises:
            CursorExpired: no anchor is found.
        """
        self.was_read = True
        try:
            await self._read_behind_anchors(call)
        except CursorExpired:
            raise
        except VarbridgeError as error:
            self.error = error

    async def _read_behind_anchors(self, call: Call) -> None:
        wanted = self._command.limit + 1
        around = len(self.position.anchors)
        for _ in range(_STEPS):
            start = max(0, self.position.offset - around)
            most = self.position.offset - start + around + wanted
            rows = await self._read_piece(start, most, call)
            anchor = last_anchor(rows, self.position.anchors)
            if anchor is not None or not self.position.anchors:
                first = 0 if anchor is None else anchor + 1
                self._pending = [(each, start + first + index + 1) for index, each in enumerate(rows[first:])]
                self._more = len(rows) == most
                return
            if start == 0 and len(rows) < most:
                break
            around = around * 2 + wanted
        raise CursorExpired("Too many instances came or went since the last page; ask from the beginning.")

    async def _read_piece(self, offset: int, limit: int, call: Call) -> tuple[Instance, ...]:
        command = msgspec.structs.replace(self._command, offset=offset, limit=limit)
        plan = self._gateway.engines[self.name].find_instances(command)
        return (await self._gateway.run(self.name, plan, call)).instances

    def take_many(self, most: int) -> list[Instance]:
        """Return up to ``most`` instances that are already read, and move behind them."""
        taken, self._pending = self._pending[:most], self._pending[most:]
        if taken:
            anchors = (*self.position.anchors, *(each.id for each, _ in taken))[-_ANCHORS:]
            self.position = InstancePosition(offset=taken[-1][1], anchors=anchors)
        if not self._pending and not self._more:
            self.position = InstancePosition(done=True)
        elif not self._pending:
            self.was_read = False  # the piece is used up, and there is more
        return [each for each, _ in taken]


def _refusal(engine: Engine, command: FindInstances) -> Unsupported | None:
    """Return why an engine cannot find instances so, None where it can or has none of the ids."""
    features = engine.capabilities.features
    for feature in (*(f"instances.find.{name}" for name in command.used()), *(["instances.ended"] * command.ended)):
        if feature not in features and command.ids != ():
            return Unsupported(f"This engine cannot {FEATURES[feature]}.", engine=engine.name)
    return None


def _narrowed(gateway: Gateway, linked: LinkScope, engine: Engine, command: FindInstances) -> FindInstances:
    """Return a command that fits the links: larger pieces where some do not count, a short list of those that do."""
    if gateway.links.count_twins(engine.name) and not linked.twins:
        command = replace(command, limit=max(command.limit, _LEAST_PIECE))
    if command.ids is not None:
        command = replace(command, ids=without_twins(gateway, linked, engine.name, command.ids))
    only = None if command.ids is not None else ids_behind(gateway, linked, engine.name)
    if only is None or len(only) > AT_ONCE or "instances.find.ids" not in engine.capabilities.features:
        return command
    return replace(command, ids=tuple(only))


def _native(engine: Engine, gateway: Gateway, command: FindInstances) -> FindInstances:
    """Return a command with the ids that an engine may have, in its own spelling."""
    if command.ids is None:
        return command
    return msgspec.structs.replace(command, ids=native_ids(engine, gateway, command.ids))

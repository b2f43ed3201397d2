"""Queries over several engines at once: their rows merged to pages, and counts added up; each engine says how it went.

Without sorting, engine comes after engine. With it, the engines' rows are merged by their heads: each engine's own
order stands, whatever its collation, and between engines names and scopes go by code point, types by a fixed list. So
no row is lost or doubled where two databases order differently. Memory: one piece of rows an engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from gateway.errors import CursorExpired, InvalidRequest, PayloadTooLarge, Unsupported, VarbridgeError
from gateway.model.matching import precedes
from gateway.model.query import CountVariables, Filter, QueryVariables, Row, Sort, VariablesFound
from gateway.operations.gateway import Gateway
from gateway.operations.places import Place
from gateway.operations.sources import Source
from gateway.plan import Call
from gateway.port import Engine

_AT_ONCE = 16
"""Engines asked at the same time for one query; more wait, so that one caller cannot take all memory."""
_MOST_WALKED = 10_000
"""Rows looked at to count for a caller who may not see all of them."""
_WALK = 1000
"""Rows of a page while counting so."""

Visible = Callable[[Row], bool]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for.

    Args:
        filter: with public instance ids.
        engines: names, in order.
        visible: whether the caller may see a row.
        lenient: whether the other engines are asked where one cannot evaluate the filter.
    """

    filter: Filter
    engines: tuple[str, ...]
    sorting: tuple[Sort, ...] = ()
    limit: int = 100
    visible: Visible | None = None
    lenient: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How one engine took part: how many rows it gave, or why it failed. Not asked = its turn comes later."""

    engine: str
    count: int = 0
    asked: bool = True
    error: VarbridgeError | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page: rows with their engines, how each engine took part, and where each stands; None = that was all."""

    rows: tuple[tuple[str, Row], ...]
    parts: tuple[Part, ...]
    places: dict[str, Place] | None


async def page(gateway: Gateway, asked: Asked, places: dict[str, Place] | None, call: Call) -> Page:
    """Give the next page; engines that fail are told in ``parts``, and the others' rows are there."""
    refused: dict[str, VarbridgeError] = {
        name: error for name in asked.engines if (error := _refusal(gateway.engines[name], asked.filter))
    }
    sources = [_source(gateway, asked, name, (places or {}).get(name, Place()), call) for name in asked.engines]
    merge = _Merge(asked, [source for source in sources if source.engine not in refused], refused)
    if asked.lenient or not refused:
        await merge.run(all_at_once=places is None or bool(asked.sorting))
    parts = [
        Part(
            engine=source.engine,
            count=sum(1 for name, _ in merge.rows if name == source.engine),
            asked=source.asked or source.place.done,
            error=merge.failed.get(source.engine),
        )
        for source in sources
    ]
    left = [source for source in sources if source.engine not in merge.failed and not source.ended]
    standing = {source.engine: source.place for source in sources}
    return Page(rows=tuple(merge.rows), parts=tuple(parts), places=standing if left else None)


class _Merge:
    """A page in the making."""

    def __init__(self, asked: Asked, sources: list[Source], failed: dict[str, VarbridgeError]) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.failed = failed
        self._asked = asked
        self._sources = sources

    async def run(self, *, all_at_once: bool) -> None:
        while len(self.rows) < self._asked.limit:
            alive = [each for each in self._sources if each.engine not in self.failed and not each.ended]
            waited = alive if all_at_once else alive[:1]
            if empty := [each for each in waited if each.head is None and not each.tired]:
                await self._fill(empty)
            alive = [each for each in alive if each.engine not in self.failed and not each.ended]
            if not alive or (any(each.tired for each in alive) if self._asked.sorting else alive[0].tired):
                return
            if not all_at_once and alive[0] not in waited:
                all_at_once = True  # the engine in turn has ended: all others at once, rather than one by one
                continue
            if self._asked.sorting:
                self._take(self._first(alive), 1)
            else:
                self._take(alive[0], self._asked.limit - len(self.rows))

    def _first(self, alive: list[Source]) -> Source:
        chosen, row = alive[0], alive[0].head
        for source in alive[1:]:
            head = source.head
            if row is None or (head is not None and precedes(head, row, self._asked.sorting)):
                chosen, row = source, head
        return chosen

    def _take(self, source: Source, most: int) -> None:
        """Take so many rows at most, if they are there."""
        visible, name = self._asked.visible, source.engine
        rows = [source.take()] if most == 1 and source.head is not None else source.taken(most)
        self.rows += [(name, row) for row in rows if visible is None or visible(row)]

    async def _fill(self, sources: list[Source]) -> None:
        answers = await together([source.fill() for source in sources])
        for source, answer in zip(sources, answers, strict=True):
            if isinstance(answer, CursorExpired):
                raise answer
            if isinstance(answer, VarbridgeError):
                self.failed[source.engine] = answer


async def together(work: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Do some work at the same time, so much at once; give results and errors of the house.

    Raises:
        Exception: any other error, after all of it has ended.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def gated(each: Coroutine[Any, Any, Any]) -> Any:
        async with gate:
            return await each

    results = await asyncio.gather(*map(gated, work), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, VarbridgeError):
            raise result
    return results


def _source(gateway: Gateway, asked: Asked, name: str, place: Place, call: Call) -> Source:
    engine = gateway.engines[name]
    command = QueryVariables(filter=native(engine, gateway, asked.filter), sorting=asked.sorting, limit=asked.limit + 1)
    nothing = command.filter.instance_id_in == ()

    async def ask(piece: QueryVariables) -> VariablesFound:
        return await gateway.run(name, engine.query_variables(piece), call)

    return Source(
        name,
        command,
        ask,
        most=engine.capabilities.limits.rows,
        seeks=engine.seeks,
        place=Place(done=True) if nothing else place,
    )


def native(engine: Engine, gateway: Gateway, wanted: Filter) -> Filter:
    """Give the filter with the ids of one engine's instances: those that name it, and bare ones that it may have."""
    if wanted.instance_id_in is None:
        return wanted
    ids: dict[str, None] = {}
    for public in wanted.instance_id_in:
        name, colon, rest = public.partition(":")
        named = bool(colon) and name in gateway.engines
        if named and name != engine.name:
            continue
        try:
            ids[engine.native_id(rest if named else public)] = None
        except InvalidRequest:
            if named:
                raise
    return msgspec.structs.replace(wanted, instance_id_in=tuple(ids))


def _refusal(engine: Engine, wanted: Filter) -> Unsupported | None:
    """Give why an engine cannot evaluate a filter; it is never asked with a part of it left out."""
    features = engine.capabilities.features
    lacking = [name for name in wanted.asked() if f"query.{name}" not in features]
    if "query" not in features:
        return Unsupported("This engine cannot be queried for variables.", engine=engine.name)
    if lacking:
        return Unsupported(f"This engine cannot evaluate {', '.join(lacking)}.", engine=engine.name)
    return None


async def counted(gateway: Gateway, asked: Asked, call: Call) -> tuple[Part, ...]:
    """Count on every engine; where the caller may not see every row, by looking at the rows."""
    errors = {name: _refusal(gateway.engines[name], asked.filter) for name in asked.engines}
    if not asked.lenient and any(errors.values()):
        return tuple(Part(engine=name, error=error, asked=error is not None) for name, error in errors.items())
    return tuple(await asyncio.gather(*(_counted(gateway, asked, name, call) for name in asked.engines)))


async def _counted(gateway: Gateway, asked: Asked, name: str, call: Call) -> Part:
    engine = gateway.engines[name]
    error: VarbridgeError | None = _refusal(engine, asked.filter)
    if error is not None:
        return Part(engine=name, error=error)
    try:
        if asked.visible is not None:
            return Part(engine=name, count=await _walked(gateway, asked, name, call))
        wanted = native(engine, gateway, asked.filter)
        if wanted.instance_id_in == ():
            return Part(engine=name)
        return Part(
            engine=name,
            count=(await gateway.run(name, engine.count_variables(CountVariables(filter=wanted)), call)).count,
        )
    except VarbridgeError as failure:
        return Part(engine=name, error=failure)


async def _walked(gateway: Gateway, asked: Asked, name: str, call: Call) -> int:
    """Count the rows that the caller may see.

    Raises:
        PayloadTooLarge: there are too many to look at.
    """
    source = _source(gateway, msgspec.structs.replace(asked, limit=_WALK), name, Place(), call)
    count = 0
    for _ in range(_MOST_WALKED):
        await source.fill()
        if source.ended:
            return count
        if source.head is None:
            break
        taken = source.take()
        count += asked.visible is None or asked.visible(taken)
    if source.ended:
        return count
    raise PayloadTooLarge(f"More than {_MOST_WALKED} rows cannot be counted for this caller; ask for fewer.")

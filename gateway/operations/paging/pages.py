"""Queries over several engines at once: rows merged into pages, counts added up, and how each engine took part.

Without sorting, the rows of one engine come after those of another. With sorting, the engines' rows are merged by
comparing the next row of each: each engine's own order stands, whatever its collation, and between engines names and
scopes are compared by code point, types by a fixed list. So no row is lost or doubled when two databases sort
differently. Memory holds one piece of rows for each engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from gateway.errors import CursorExpired, InvalidRequest, PayloadTooLarge, Unsupported, VarbridgeError
from gateway.model.matching import precedes
from gateway.model.query import CountVariables, Filter, QueryVariables, Row, Sort, VariablesFound
from gateway.operations.concurrent import gather_bounded, raise_first
from gateway.operations.gateway import Gateway
from gateway.operations.paging.linked import (
    AT_ONCE,
    PLAIN,
    LinkScope,
    chunks,
    counts,
    ids_behind,
    list_twins,
    resolve_filter,
    without_twins,
)
from gateway.operations.paging.position import PagePosition
from gateway.operations.paging.sources import Source
from gateway.plan import Call
from gateway.port import Engine
from gateway.routing import split_id

_MAX_COUNTED = 10_000
"""Rows read at most to count for a caller who may not see all of them."""
_COUNT_PIECE = 1000
"""Rows of a piece while counting so."""
_RUNNING = ("instance_id_in", "execution_id_in", "task_id_in", "variable_scope_id_in")
"""Lists whose ids may have the name of an engine before them."""

RowFilter = Callable[[Row], bool]


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for.

    Args:
        filter: with public instance ids.
        engines: their names, in order.
        visible: returns whether the caller may see a row; None: the caller may see all.
        linked: which linked instances count.
        lenient: whether to ask the other engines when one cannot evaluate the filter.
    """

    filter: Filter
    engines: tuple[str, ...]
    sorting: tuple[Sort, ...] = ()
    limit: int = 100
    visible: RowFilter | None = None
    linked: LinkScope = PLAIN
    lenient: bool = False


class EngineShare(msgspec.Struct, frozen=True, kw_only=True):
    """How one engine took part in an answer.

    Args:
        count: rows that it gave, or counted.
        asked: whether it was asked; otherwise its turn comes on a later page.
        error: why it failed.
    """

    engine: str
    count: int = 0
    asked: bool = True
    error: VarbridgeError | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page.

    Args:
        rows: engine name and row.
        shares: how each engine took part.
        positions: where the walk stands on each engine; None: this page is the last.
    """

    rows: tuple[tuple[str, Row], ...]
    shares: tuple[EngineShare, ...]
    positions: dict[str, PagePosition] | None


async def read_page(
    gateway: Gateway, wanted: PageRequest, positions: dict[str, PagePosition] | None, call: Call
) -> Page:
    """Return the next page. An engine that fails has its error in ``shares``; the others' rows are there.

    Raises:
        CursorExpired: the rows on which the last page ended are gone.
        StoreUnavailable: links were never read. InstanceAmbiguous: a bare id means instances of several links.
    """
    wanted = _resolved(gateway, wanted)
    refused: dict[str, VarbridgeError] = {
        name: error for name in wanted.engines if (error := _refusal(gateway, name, wanted))
    }
    sources = [
        _source(gateway, wanted, name, (positions or {}).get(name, PagePosition()), call) for name in wanted.engines
    ]
    merge = _Merge(gateway, wanted, [source for source in sources if source.engine not in refused], refused)
    if wanted.lenient or not refused:
        await merge.run(all_at_once=positions is None or bool(wanted.sorting))
    shares = [
        EngineShare(
            engine=source.engine,
            count=sum(1 for name, _ in merge.rows if name == source.engine),
            asked=source.was_read or source.position.done,
            error=merge.failed.get(source.engine),
        )
        for source in sources
    ]
    left = any(source.engine not in merge.failed and not source.ended for source in sources)
    now = {source.engine: source.position for source in sources}
    return Page(rows=tuple(merge.rows), shares=tuple(shares), positions=now if left else None)


class _Merge:
    """Builds one page from the sources."""

    def __init__(
        self, gateway: Gateway, wanted: PageRequest, sources: list[Source], failed: dict[str, VarbridgeError]
    ) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.failed = failed
        self._gateway, self._wanted = gateway, wanted
        self._sources = sources

    async def run(self, *, all_at_once: bool) -> None:
        sorting = self._wanted.sorting
        while len(self.rows) < self._wanted.limit:
            alive = self._alive()
            needed = alive if all_at_once else alive[:1]
            if empty := [each for each in needed if each.head is None and not each.out_of_reads]:
                await self._fill(empty)
            alive = [each for each in alive if each.engine not in self.failed and not each.ended]
            if not alive or (any(each.out_of_reads for each in alive) if sorting else alive[0].out_of_reads):
                return
            if not all_at_once and alive[0] not in needed:
                all_at_once = True  # the engine in turn has ended: read all others at once, rather than one by one
                continue
            if sorting:
                self._take(self._first(alive), 1)
            else:
                self._take(alive[0], self._wanted.limit - len(self.rows))

    def _alive(self) -> list[Source]:
        return [each for each in self._sources if each.engine not in self.failed and not each.ended]

    def _first(self, alive: list[Source]) -> Source:
        """Return the source whose next row comes first in the order."""
        chosen, row = alive[0], alive[0].head
        for source in alive[1:]:
            head = source.head
            if row is None or (head is not None and precedes(head, row, self._wanted.sorting)):
                chosen, row = source, head
        return chosen

    def _take(self, source: Source, most: int) -> None:
        """Move up to ``most`` rows that are already read from a source to the page."""
        gateway, wanted, name = self._gateway, self._wanted, source.engine
        rows = [source.take()] if most == 1 and source.head is not None else source.take_many(most)
        self.rows += [(name, row) for row in rows if _is_shown(gateway, wanted, name, row)]

    async def _fill(self, sources: list[Source]) -> None:
        outcomes = await gather_bounded([source.fill() for source in sources])
        for source, outcome in zip(sources, outcomes, strict=True):
            if isinstance(outcome, CursorExpired):
                raise outcome
            if isinstance(outcome, VarbridgeError):
                self.failed[source.engine] = outcome


def _resolved(gateway: Gateway, wanted: PageRequest) -> PageRequest:
    """Return a request whose ids of linked instances are those of the sides that count."""
    resolved = resolve_filter(gateway, wanted.linked, wanted.filter)
    return wanted if resolved is wanted.filter else msgspec.structs.replace(wanted, filter=resolved)


def _is_shown(gateway: Gateway, wanted: PageRequest, engine: str, row: Row) -> bool:
    """Return whether the caller may see a row, and its instance counts."""
    if wanted.visible is not None and not wanted.visible(row):
        return False
    return not gateway.links.active or counts(gateway, wanted.linked, engine, row.instance)


def _source(gateway: Gateway, wanted: PageRequest, name: str, position: PagePosition, call: Call) -> Source:
    engine = gateway.engines[name]
    native = _narrowed(gateway, wanted, engine, _native(gateway, wanted, engine))
    command = QueryVariables(filter=native, sorting=wanted.sorting, limit=wanted.limit + 1)

    async def read(piece: QueryVariables) -> VariablesFound:
        return await gateway.run(name, engine.query_variables(piece), call)

    return Source(
        name,
        command,
        read,
        max_rows=engine.capabilities.limits.rows,
        seeks=engine.seeks,
        position=PagePosition(done=True) if _matches_nothing(native) else position,
    )


def _native(gateway: Gateway, wanted: PageRequest, engine: Engine) -> Filter:
    """Return the filter with native ids, of instances those that count."""
    native = native_filter(engine, gateway, wanted.filter)
    if native.instance_id_in is None or not gateway.links.active:
        return native
    ids = without_twins(gateway, wanted.linked, engine.name, native.instance_id_in)
    return native if ids == native.instance_id_in else msgspec.structs.replace(native, instance_id_in=ids)


def _narrowed(gateway: Gateway, wanted: PageRequest, engine: Engine, native: Filter) -> Filter:
    """Return a filter that names the only instances of an engine that count, where these are few enough for a list."""
    only = None if native.instance_id_in is not None else ids_behind(gateway, wanted.linked, engine.name)
    if only is None or len(only) > AT_ONCE or "query.instanceIdIn" not in engine.capabilities.features:
        return native
    return msgspec.structs.replace(native, instance_id_in=tuple(only))


def native_filter(engine: Engine, gateway: Gateway, wanted: Filter) -> Filter:
    """Return the filter with native ids of what runs: those that name this engine, and bare ids that it may have."""
    lists = {name: ids for name in _RUNNING if (ids := getattr(wanted, name)) is not None}
    if not lists:
        return wanted
    native = {
        name: native_ids(engine, gateway, ids, of_instances=name == "instance_id_in") for name, ids in lists.items()
    }
    return msgspec.structs.replace(wanted, **native)


def native_ids(engine: Engine, gateway: Gateway, ids: tuple[str, ...], *, of_instances: bool = True) -> tuple[str, ...]:
    """Return native ids: those that name this engine, and bare ids that it may have.

    Args:
        engine: whose ids.
        gateway: all engines, whose names may stand in ids.
        ids: public ids.
        of_instances: whether they are ids of instances, which the engine spells in its own way.

    Raises:
        InvalidRequest: an id names this engine, which cannot have it.
    """
    found: dict[str, None] = {}
    for public in ids:
        name, native_id = split_id(public, gateway.engines)
        if name not in {None, engine.name}:
            continue
        try:
            found[engine.native_id(native_id) if of_instances else native_id] = None
        except InvalidRequest:
            if name is not None:
                raise
    return tuple(found)


def _matches_nothing(native: Filter) -> bool:
    """Return whether no id of a list is this engine's."""
    return any(getattr(native, name) == () for name in _RUNNING)


def _refusal(gateway: Gateway, name: str, wanted: PageRequest) -> Unsupported | None:
    """Return why an engine cannot evaluate a filter or order, None where it can or has nothing to evaluate.

    It is not asked with a part of it left out.
    """
    engine = gateway.engines[name]
    why = _lacking(engine, wanted)
    if why is None or _is_unconcerned(engine, gateway, wanted.filter):
        return None
    return Unsupported(f"This engine cannot {why}.", engine=name)


def _lacking(engine: Engine, wanted: PageRequest) -> str | None:
    features = engine.capabilities.features
    if "query" not in features:
        return "be queried for variables"
    lacking = [name for name in wanted.filter.used() if f"query.{name}" not in features]
    if lacking:
        return f"evaluate {', '.join(lacking)}"
    sorts_by_tenant = any(sort.key == "tenant" for sort in wanted.sorting)
    return "sort by tenant" if sorts_by_tenant and "query.sort.tenant" not in features else None


def _is_unconcerned(engine: Engine, gateway: Gateway, wanted: Filter) -> bool:
    try:
        return _matches_nothing(native_filter(engine, gateway, wanted))
    except InvalidRequest:
        return False


async def count_rows(gateway: Gateway, wanted: PageRequest, call: Call) -> tuple[EngineShare, ...]:
    """Count on every engine; for a caller who may not see every row, by reading the rows.

    Raises:
        StoreUnavailable, InstanceAmbiguous: as ``read_page``.
    """
    wanted = _resolved(gateway, wanted)
    errors = {name: _refusal(gateway, name, wanted) for name in wanted.engines}
    if not wanted.lenient and any(errors.values()):
        return tuple(EngineShare(engine=name, error=error, asked=error is not None) for name, error in errors.items())
    counting = [_count(gateway, wanted, name, errors[name], call) for name in wanted.engines]
    return tuple(await asyncio.gather(*counting))


async def _count(
    gateway: Gateway, wanted: PageRequest, name: str, refusal: VarbridgeError | None, call: Call
) -> EngineShare:
    if refusal is not None:
        return EngineShare(engine=name, error=refusal)
    engine = gateway.engines[name]
    try:
        if wanted.visible is not None:
            return EngineShare(engine=name, count=await _count_visible(gateway, wanted, name, call))
        native = _native(gateway, wanted, engine)
        count = 0 if _matches_nothing(native) else await _count_native(gateway, wanted, engine, native, call)
    except VarbridgeError as failure:
        return EngineShare(engine=name, error=failure)
    return EngineShare(engine=name, count=count)


async def _count_native(gateway: Gateway, wanted: PageRequest, engine: Engine, native: Filter, call: Call) -> int:
    """Let an engine count what counts: all but the sides of links that do not decide, or only the sides that do."""

    async def count(of: Filter) -> int:
        return (await gateway.run(engine.name, engine.count_variables(CountVariables(filter=of)), call)).count

    async def count_of(ids: list[str]) -> int:
        lists = [msgspec.structs.replace(native, instance_id_in=some) for some in chunks(ids)]
        return sum(raise_first(await gather_bounded([count(each) for each in lists])))

    only = None if native.instance_id_in is not None else ids_behind(gateway, wanted.linked, engine.name)
    twins = [] if native.instance_id_in is not None else list_twins(gateway, wanted.linked, engine.name)
    if (only is not None or twins) and "query.instanceIdIn" not in engine.capabilities.features:
        return await _count_visible(gateway, wanted, engine.name, call)
    if only is not None:
        return await count_of(only)
    return await count(native) - (await count_of(twins) if twins else 0)


async def _count_visible(gateway: Gateway, wanted: PageRequest, name: str, call: Call) -> int:
    """Count the rows that the caller may see.

    Raises:
        PayloadTooLarge: there are too many rows to read.
    """
    source = _source(gateway, msgspec.structs.replace(wanted, limit=_COUNT_PIECE), name, PagePosition(), call)
    count = 0
    for _ in range(_MAX_COUNTED):
        await source.fill()
        if source.ended:
            return count
        if source.head is None:
            break
        count += _is_shown(gateway, wanted, name, source.take())
    if source.ended:
        return count
    raise PayloadTooLarge(f"More than {_MAX_COUNTED} rows cannot be counted for this caller; ask for fewer.")

"""Handlers of searches: the queries of ``/v1`` over the engines that are concerned, with ids as callers know them.

Bare ids are looked up before (``placing_ids.engines_of``), so here each goes to its owner alone. What a caller named
comes back as it was written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.errors import InvalidRequest
from gateway.model.commands import Command
from gateway.model.query import CountVariables, Filter, QueryVariables, Row, VariablesCounted, VariablesFound
from gateway.operations.paging import PageRequest, count_rows, raise_failure, visible_rows, walk_rows
from gateway.operations.placing_ids import name_found, owner_of
from gateway.operations.translating.translation import Translation
from gateway.routing import split_id

_RUNNING = frozenset({"instance", "execution", "task"})
"""Kinds of scopes by whose ids callers can go on."""


class SearchedIds:
    """The ids of instances that one search names: whose they are, and how the caller wrote them.

    Args:
        translation: the search's.
    """

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._shown: dict[tuple[str, str], str] = {}

    def resolve(self, written: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Return the public ids of a list, as the caller wrote it; None where there is no such list."""
        return None if written is None else tuple(map(self._resolve, written))

    def _resolve(self, written: str) -> str:
        """Return ``engine:id``; or the bare id, which goes to all engines, where nobody knows whose it is."""
        gateway, door, may_use = self._translation.gateway, self._translation.door, self._translation.rights.may_use
        owner = owner_of(gateway, door, written, may_use)
        if self._is_anybodys(written):
            self._remember_everywhere(written)
            return written
        if owner is None:
            return written
        _ = self._shown.setdefault((owner.engine, owner.native), written)
        return f"{owner.engine}:{owner.native}"

    def _is_anybodys(self, written: str) -> bool:
        gateway, door = self._translation.gateway, self._translation.door.name
        if not self._translation.federated or split_id(written, gateway.engines)[0] is not None:
            return False
        return not gateway.routing.is_own(door, written) and gateway.routing.owner_beyond(door, written) is None

    def _remember_everywhere(self, written: str) -> None:
        """Remember an id for every engine that can have it, but for others of the front door's vendor."""
        door = self._translation.door
        for name in self._translation.engines:
            engine = self._translation.gateway.engines[name]
            if engine is not door and engine.vendor == door.vendor:
                continue
            try:
                _ = self._shown.setdefault((name, engine.native_id(written)), written)
            except InvalidRequest:
                continue

    def shown(self, engine: str, native: str) -> str:
        """Return an instance's id as the caller wrote it, or else one by which it can be named at the front door."""
        known = self._shown.get((engine, native))
        door, engines = self._translation.door, self._translation.gateway.engines
        return name_found(door, engines[engine], native) if known is None else known


async def _query(translation: Translation, command: QueryVariables) -> VariablesFound:
    ids = SearchedIds(translation)
    wanted = _page_request(translation, command.filter, ids)
    wanted = msgspec.structs.replace(wanted, sorting=command.sorting)
    found = await walk_rows(translation.gateway, wanted, command.offset, command.limit, translation.call)
    return VariablesFound(rows=tuple(_seen(translation, ids, engine, row) for engine, row in found), more=False)


async def _count(translation: Translation, command: CountVariables) -> VariablesCounted:
    ids = SearchedIds(translation)
    wanted = _page_request(translation, command.filter, ids)
    shares = await count_rows(translation.gateway, wanted, translation.call)
    raise_failure(shares)
    return VariablesCounted(sum(share.count for share in shares))


def _page_request(translation: Translation, wanted: Filter, ids: SearchedIds) -> PageRequest:
    visible = visible_rows(translation.rights, wanted)
    public = msgspec.structs.replace(
        wanted,
        instance_id_in=ids.resolve(wanted.instance_id_in),
        execution_id_in=ids.resolve(wanted.execution_id_in),
    )
    return PageRequest(filter=public, engines=translation.engines, visible=visible)


def _seen(translation: Translation, ids: SearchedIds, engine: str, row: Row) -> Row:
    """Return a row as the caller may see it, with the ids of what runs as the caller knows them."""
    variable = translation.masked(row.variable)
    scope = variable.scope
    if scope is not None and scope.kind in _RUNNING:
        scope = msgspec.structs.replace(scope, id=ids.shown(engine, scope.id))
        variable = msgspec.structs.replace(variable, scope=scope)
    return msgspec.structs.replace(
        row,
        instance=None if row.instance is None else ids.shown(engine, row.instance),
        execution=None if row.execution is None else ids.shown(engine, row.execution),
        variable=variable,
    )


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    QueryVariables: _query,
    CountVariables: _count,
}

"""Handlers of searches: the queries of ``/v1`` over the engines that are concerned, with ids as callers know them.

Bare ids are looked up before (``placing_ids.engines_of``), so here each goes to its owner alone. What a caller named
comes back as it was written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.model.commands import Command, FindInstances, ListVariables
from gateway.model.query import (
    CountVariables,
    Filter,
    ListLastValues,
    QueryVariables,
    Row,
    VariablesCounted,
    VariablesFound,
)
from gateway.model.results import InstancesFound
from gateway.operations import instances
from gateway.operations.finding import walk_instances
from gateway.operations.gateway import Target
from gateway.operations.paging import PageRequest, check_conditions, count_rows, raise_failure, visible_rows, walk_rows
from gateway.operations.placing_ids import name_found, owner_of
from gateway.operations.translating.translation import Translation

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
        if written is None:
            return None
        return tuple(each if (owner := self.find(each)) is None else owner.public for each in written)

    def find(self, written: str) -> Target | None:
        """Return an instance by an id of the caller's; None = no engine can have it."""
        gateway, door = self._translation.gateway, self._translation.door
        owner = owner_of(gateway, door, written, self._translation.rights.may_use)
        if owner is None:
            return None
        _ = self._shown.setdefault((owner.engine, owner.native), written)
        return Target(gateway.engines[owner.engine], owner.native)

    def shown(self, engine: str, native: str) -> str:
        """Return an instance's id as the caller wrote it, or else one by which it can be named at the front door."""
        known = self._shown.get((engine, native))
        door, gateway = self._translation.door, self._translation.gateway
        return name_found(gateway, door, gateway.engines[engine], native) if known is None else known


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
    return PageRequest(filter=public, engines=translation.engines, visible=visible, linked=translation.linked)


def check_conditions_of(translation: Translation, command: FindInstances) -> None:
    """Refuse conditions on variables that the caller may not read.

    Raises:
        Forbidden: it may read none, or a condition would tell a hidden value.
    """
    if command.variables:
        translation.rights.require("variables:read")
    check_conditions(translation.rights, command.variables, ignore_case=command.names_ignore_case)


async def _find(translation: Translation, command: FindInstances) -> InstancesFound:
    """Find instances; conditions on their variables need the scope to read these.

    Raises:
        Forbidden: the caller lacks it, or a condition would tell a hidden value.
    """
    check_conditions_of(translation, command)
    ids = SearchedIds(translation)
    wanted = msgspec.structs.replace(command, ids=ids.resolve(command.ids))
    found = await walk_instances(translation.gateway, translation.engines, wanted, translation.call, translation.linked)
    return InstancesFound(tuple(msgspec.structs.replace(each, id=ids.shown(engine, each.id)) for engine, each in found))


async def _list_last_values(translation: Translation, command: ListLastValues) -> VariablesFound:
    """List the variables of every instance that there is, in the order in which they are named."""
    ids = SearchedIds(translation)
    found = {target.public: target for each in command.instances if (target := ids.find(each)) is not None}
    targets, wanted = tuple(found.values()), ListVariables(instance="", names=command.names, scope="all", ended=True)
    listed = await instances.list_for_each(translation.gateway, targets, translation.call, wanted)
    rows = (
        _named(ids, target.engine.name, Row(id="", instance=target.native, variable=variable))
        for target, variables in zip(targets, listed, strict=True)
        for variable in (() if variables is None else translation.seen(variables.variables))
    )
    return VariablesFound(rows=tuple(rows), more=False)


def _seen(translation: Translation, ids: SearchedIds, engine: str, row: Row) -> Row:
    """Return a row as the caller may see it."""
    return _named(ids, engine, msgspec.structs.replace(row, variable=translation.masked(row.variable)))


def _named(ids: SearchedIds, engine: str, row: Row) -> Row:
    """Return a row with the ids of what runs as the caller knows them."""
    variable, scope = row.variable, row.variable.scope
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
    FindInstances: _find,
    ListLastValues: _list_last_values,
}

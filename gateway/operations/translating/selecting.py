"""Handlers of searches that answer a selection: instances by number, some of their variables, and how many there are.

The counterpart, for one search without either, is ``searches``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from gateway.model.commands import Command, ListVariables, SearchInstances
from gateway.model.results import FoundInstance, Instance, InstancesSearched, Variable
from gateway.operations import instances
from gateway.operations.finding import walk_instances
from gateway.operations.gateway import Target
from gateway.operations.translating.searches import SearchedIds, check_conditions_of
from gateway.operations.translating.translation import Translation

_Found: TypeAlias = list[tuple[str, Instance]]
"""Instances with the names of their engines."""


async def _search(translation: Translation, command: SearchInstances) -> InstancesSearched:
    """Carry out every search, and return the instances of all that are asked for.

    Raises:
        Forbidden: a condition is on variables that the caller may not read.
    """
    for each in command.alternatives:
        check_conditions_of(translation, each)
    ids = SearchedIds(translation)
    found = await _find_any(translation, command, ids)
    page = found[command.offset : command.offset + command.limit]
    read = await _read(translation, page, command.names)
    shown = (
        FoundInstance(instance=msgspec.structs.replace(each, id=ids.shown(engine, each.id)), variables=variables)
        for (engine, each), variables in zip(page, read, strict=True)
    )
    return InstancesSearched(found=tuple(shown), total=len(found))


async def _find_any(translation: Translation, command: SearchInstances, ids: SearchedIds) -> _Found:
    """Return the instances that one of the searches finds, each once."""
    most = max(command.offset + command.limit, command.counted)
    found: dict[tuple[str, str], Instance] = {}
    for each in command.alternatives:
        wanted = msgspec.structs.replace(each, ids=ids.resolve(each.ids), offset=0, limit=most)
        walked = await walk_instances(
            translation.gateway, translation.engines, wanted, translation.call, translation.linked
        )
        found |= {(engine, instance.id): instance for engine, instance in walked}
    named = [(engine, instance) for (engine, _), instance in found.items()]
    if len(command.alternatives) > 1:
        named.sort(key=lambda one: (translation.engines.index(one[0]), _order(one[1].id)))
    return named[:most]


def _order(native: str) -> tuple[int, str]:
    """Return by what ids are ordered: numbers as numbers, before texts."""
    return (int(native), "") if native.isdigit() else (10**18, native)


async def _read(translation: Translation, page: _Found, names: tuple[str, ...]) -> list[tuple[Variable, ...]]:
    """Return the variables of instances, as the caller may see them; none of one that has gone since it was found."""
    if not names:
        return [()] * len(page)
    targets = [Target(translation.gateway.engines[engine], each.id) for engine, each in page]
    wanted = ListVariables(instance="", names=names, ended=True)
    listed = await instances.list_for_each(translation.gateway, targets, translation.call, wanted)
    return [() if each is None else translation.seen(each.variables) for each in listed]


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {SearchInstances: _search}

"""Linked instances in queries: of each link the side that decides counts, and the other one does not.

Ids are looked up by link before they are sent anywhere. Rows of the other sides, which engines cannot be told to leave
out, are dropped where they are read, and subtracted where they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gateway.model.query import Filter
from gateway.operations.gateway import Gateway
from gateway.operations.placing_links import find_linked, require_links
from gateway.routing import split_id

_LISTS = ("instance_id_in", "execution_id_in", "variable_scope_id_in")
"""Lists that may name an instance: its own scope has its id."""
AT_ONCE = 500
"""Ids of one list that is sent to an engine; some databases take no more than 1,000."""


class LinkScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which linked instances a query is about.

    Args:
        twins: whether the sides that do not decide count as well.
        behind: name of the front door's engine: of other engines only those instances count whose other side is there,
            as if they were there still. None = all count.
    """

    twins: bool = False
    behind: str | None = None


PLAIN = LinkScope()


def counts(gateway: Gateway, scope: LinkScope, engine: str, instance: str | None) -> bool:
    """Return whether an instance that was found counts; an unknown one does, but not of an engine beyond ``behind``."""
    links = gateway.links
    if not links.active:
        return True
    route = None if instance is None else links.find(engine, instance)
    if scope.behind is not None and engine != scope.behind:
        return route is not None and route.twin.engine == scope.behind
    return scope.twins or route is None or route.twin.engine != engine or route.twin.native != instance


def list_twins(gateway: Gateway, scope: LinkScope, engine: str) -> list[str]:
    """Return the instances of an engine that do not count because they are sides that do not decide."""
    return [] if scope.twins or not gateway.links.count_twins(engine) else gateway.links.list_twins(engine)


def without_twins(gateway: Gateway, scope: LinkScope, engine: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some instances of an engine that count."""
    if scope.twins or not gateway.links.count_twins(engine):
        return ids
    return tuple(each for each in ids if not gateway.links.is_twin(engine, each))


def ids_behind(gateway: Gateway, scope: LinkScope, engine: str) -> list[str] | None:
    """Return the instances of an engine that count because of their other side; None where all may count."""
    if scope.behind is None or engine == scope.behind:
        return None
    return [
        each.owner.native for each in gateway.links if each.owner.engine == engine and each.twin.engine == scope.behind
    ]


def owners_beyond(gateway: Gateway, engine: str) -> list[str]:
    """Return the names of the engines that decide for instances of this one, sorted."""
    if not gateway.links.count_twins(engine):
        return []
    found = {each.owner.engine for each in gateway.links if each.twin.engine == engine}
    return sorted(name for name in found if name != engine and name in gateway.engines)


def chunks(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield ids in lists that can be sent."""
    for start in range(0, len(ids), AT_ONCE):
        yield tuple(ids[start : start + AT_ONCE])


def resolve_filter(gateway: Gateway, scope: LinkScope, wanted: Filter) -> Filter:
    """Return a filter whose ids of linked instances are those of the sides that count.

    Raises:
        StoreUnavailable: the links were never read. InstanceAmbiguous: a bare id means instances of several links.
    """
    if not gateway.links.active:
        return wanted
    require_links(gateway)
    lists = {name: ids for name in _LISTS if (ids := getattr(wanted, name)) is not None}
    if not lists:
        return wanted
    return msgspec.structs.replace(wanted, **{name: resolve_ids(gateway, scope, ids) for name, ids in lists.items()})


def resolve_ids(gateway: Gateway, scope: LinkScope, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of instances with those of linked ones as the canonical ids of the sides that count.

    Raises:
        StoreUnavailable, InstanceAmbiguous: as ``resolve_filter``.
    """
    if not gateway.links.active:
        return ids
    require_links(gateway)
    return tuple(dict.fromkeys(side for each in ids for side in _sides(gateway, scope, each)))


def _sides(gateway: Gateway, scope: LinkScope, public: str) -> tuple[str, ...]:
    name, native = split_id(public, gateway.engines)
    route = find_linked(gateway, None if name is None else (name, native), public)
    if route is None:
        return (public,)
    return (route.owner.public, route.twin.public) if scope.twins else (route.owner.public,)

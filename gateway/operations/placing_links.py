"""Placing by link: whichever side of a link an id names, what is meant is the side that decides.

The counterparts are ``placing``, which finds the engine of an id that is in no link, and ``gateway.bridge.routes``,
which knows the links. Nothing ever goes to the other side, so what is inside of it (an execution, a task) is refused.
"""

from __future__ import annotations

from gateway.bridge.routes import LinkRoute
from gateway.errors import Forbidden, InstanceAmbiguous, InstanceNotFound, InvalidRequest, StoreUnavailable
from gateway.model.bridge import SideName
from gateway.model.results import InstanceLink
from gateway.operations.gateway import Gateway, Target
from gateway.port import Engine
from gateway.routing import split_id

_UUID_DASHES = (8, 13, 18, 23)
_UUID_CHARACTERS = 36


def require_links(gateway: Gateway) -> None:
    """Refuse to say whose an instance is while the links were never read; with a single engine there is no doubt.

    Raises:
        StoreUnavailable: there are several engines.
    """
    if not gateway.links.is_known and len(gateway.engines) > 1:
        raise StoreUnavailable("The store could not be read yet, so nobody knows which instances were moved.")


def follow(gateway: Gateway, target: Target, root: str | None, route: LinkRoute) -> Target:
    """Return a target that is a side of a link, or inside of one, as a target on the side that decides.

    Args:
        gateway: all engines.
        target: as it was found.
        root: the instance that it is inside of; None where it is an instance itself.
        route: the link of that instance.

    Raises:
        InstanceNotFound: what is inside of the other side is named; or the engine is no longer configured.
    """
    owner = route.owner
    if owner.engine == target.engine.name and owner.native == (root or target.native):
        return Target(target.engine, target.native, root, route, target.pinned)
    if root is not None:
        raise InstanceNotFound(left_behind(route), engine=target.engine.name)
    return owner_of_link(gateway, route)


def owner_of_link(gateway: Gateway, route: LinkRoute) -> Target:
    """Return the side of a link that decides.

    Raises:
        InstanceNotFound: its engine is no longer configured.
    """
    engine = gateway.engines.get(route.owner.engine)
    if engine is None:
        raise InstanceNotFound(f"The engine {route.owner.engine}, where it is now, is no longer configured.")
    return Target(engine, route.owner.native, None, route)


def public_id(gateway: Gateway, engine: str, native: str) -> str:
    """Return the id that ``/v1`` shows of an instance: the canonical one, or the one that its link has for life."""
    route = gateway.links.find(engine, native) if gateway.links.active else None
    return f"{engine}:{native}" if route is None else route.public


def describe_link(gateway: Gateway, engine: str, native: str) -> InstanceLink | None:
    """Return the link that an instance is in, for callers; None where it is in none."""
    route = gateway.links.find(engine, native) if gateway.links.active else None
    if route is None:
        return None
    authority: SideName = "target" if route.moved else "source"
    return InstanceLink(id=route.link, state=route.state, authority=authority, twin=route.twin.public)


def left_behind(route: LinkRoute) -> str:
    """Return what callers are told of an execution or a task inside of the side of a link that does not decide."""
    where = route.owner.engine
    return f"It is inside of an instance that is on the engine {where} now; name the instance: {route.public}."


async def ensure_current(gateway: Gateway) -> None:
    """Know every change of a link that was ever answered; with a single engine it does not matter.

    Raises:
        StoreUnavailable: nobody can say which links have changed.
    """
    links = gateway.links
    if links.is_current():
        return
    try:
        await links.refresh()
    except StoreUnavailable:
        if links.is_known:
            raise
        require_links(gateway)


def find_linked(gateway: Gateway, named: tuple[str, str] | None, public: str) -> LinkRoute | None:
    """Return the link that an id means before anything else is looked at, None where it means none for certain.

    Args:
        gateway: all engines.
        named: engine and id, where the request names the engine of the id.
        public: the id as it was written.

    Raises:
        InstanceAmbiguous: it is bare, and instances of several links have it.
        StoreUnavailable: the links were never read, and another engine may be the owner.
    """
    if not gateway.links.is_known:
        require_links(gateway)
    if named is not None:
        engine, native = named
        return gateway.links.find(engine, _spelled(gateway.engines.get(engine), native))
    engine, colon, native = public.partition(":")
    if colon and (found := gateway.links.find(engine, native)) is not None:
        return found  # of an engine that is no longer configured
    return _find_bare(gateway, public)


def find_linked_behind(gateway: Gateway, door: Engine, written: str) -> LinkRoute | None:
    """Return the link that an id at a front door means, None where it means none for certain.

    A bare id means an instance of the door's own engine first.

    Raises:
        InstanceAmbiguous, StoreUnavailable: as ``find_linked``.
    """
    if not gateway.links.is_known:
        require_links(gateway)
    name, native = split_id(written, gateway.engines)
    if name is None:
        own = gateway.links.find(door.name, _spelled(door, written))
        return find_linked(gateway, None, written) if own is None else own
    return find_linked(gateway, (name, native), written)


def is_moved(gateway: Gateway, door: Engine, written: str, owner: Target) -> bool:
    """Return whether an id at a front door says another instance than the one of its link that decides."""
    name, native = split_id(written, gateway.engines)
    said = gateway.engines[name or door.name]
    return said is not owner.engine or _spelled(said, native) != owner.native


def _find_bare(gateway: Gateway, public: str) -> LinkRoute | None:
    """Return the link that a bare id means, None where an instance without a link may have the same id.

    Engines of one vendor may use the same ids for different instances, unless these are unique all over the world.
    """
    spelled = dict.fromkeys(_spelled(engine, public) for engine in gateway.engines.values())
    found = {route.link: route for each in (public, *spelled) for route in gateway.links.find_all(each)}
    routes = [each for each in found.values() if _is_certain(gateway, each, public)]
    if len(routes) > 1:
        names = tuple(sorted(each.public for each in routes))
        raise InstanceAmbiguous(f"More than one link has it: {', '.join(names)}.", candidates=names)
    return routes[0] if routes else None


def _is_certain(gateway: Gateway, route: LinkRoute, public: str) -> bool:
    if _is_unique(public):
        return True
    for side in (route.source, route.target):
        engine = gateway.engines.get(side.engine)
        if engine is None or _spelled(engine, public) != side.native:
            continue
        alike = [each for each in gateway.engines.values() if each.vendor == engine.vendor]
        if all(gateway.links.find(each.name, side.native) is route for each in alike):
            return True
    return False


def _is_unique(public: str) -> bool:
    return len(public) == _UUID_CHARACTERS and all(public[at] == "-" for at in _UUID_DASHES)


def _spelled(engine: Engine | None, native: str) -> str:
    """Return an id in the spelling of an engine, as it is where no instance of the engine can have it."""
    try:
        return native if engine is None else engine.native_id(native)
    except InvalidRequest:
        return native


def require_use(route: LinkRoute, *, may_use: bool) -> None:
    """Refuse a caller that may not use the engine on which a linked instance is.

    Raises:
        Forbidden: it may not.
    """
    if not may_use:
        raise Forbidden("The caller may not use the engine on which the instance is now.", engine=route.owner.engine)

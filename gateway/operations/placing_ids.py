"""Ids of instances that a front-door request names beside its path: which engines they concern."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.errors import Forbidden, InvalidRequest, PayloadTooLarge, Unsupported, VarbridgeError
from gateway.model.commands import FindInstances
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import (
    MayUse,
    locate_beyond,
    locate_linked_behind,
    spell_instance,
)
from gateway.operations.placing_links import find_linked_behind
from gateway.operations.probes import has_instance
from gateway.plan import Call
from gateway.port import Engine
from gateway.routing import Candidate, split_id

_MOST = 10_000
"""Ids of one request that are looked up: as many as a request may name variables by default (``max_names``)."""
_SEVERAL = 2
"""Ids from which on they are looked up at once; for a single one the engine is asked for it, whatever it is."""
_AT_ONCE = 500
"""Ids of one look-up; some databases take no more than 1,000 in a list."""


def known_elsewhere(gateway: Gateway, door: Engine, written: str) -> str | None:
    """Return the engine that an id means other than that of the front door, as far as nobody must be asked.

    Of a linked instance it is the one of the side that decides.
    """
    if gateway.links.active and (route := find_linked_behind(gateway, door, written)) is not None:
        return None if route.owner.engine == door.name else route.owner.engine
    name, native = split_id(written, gateway.engines)
    if name is not None:
        return None if name == door.name else name
    beyond = gateway.routing.owner_beyond(door.name, native)
    return None if beyond is None else beyond.engine


def require_named(gateway: Gateway, door: Engine, ids: Iterable[str], may_use: MayUse) -> None:
    """Refuse ids that name an engine that the caller may not use; of linked instances it is the one where they are.

    Raises:
        Forbidden: there is such an id.
    """
    for written in ids:
        if gateway.links.active and locate_linked_behind(gateway, door, written, may_use) is not None:
            continue
        name, _ = split_id(written, gateway.engines)
        if name is not None and not may_use(name):
            raise Forbidden("The caller may not use this engine.")


async def engines_of(
    gateway: Gateway, door: Engine, ids: Iterable[str], may_use: MayUse, call: Call
) -> tuple[str, ...]:
    """Return the engines that own one of some instances: that of the front door first, then the others by name.

    Bare ids that more than one engine could have are looked up, first on the front door's engine, which counts as the
    owner of those that nobody has; what is found is remembered.

    Raises:
        PayloadTooLarge: too many would have to be looked up.
        InstanceAmbiguous: several other engines have one of them. EngineFailure: an engine could not be asked.
        Forbidden: one is linked, and on an engine now that the caller may not use.
    """
    unknown: list[str] = []
    others: set[str] = set()
    for written in dict.fromkeys(ids):
        if gateway.links.active and (linked := locate_linked_behind(gateway, door, written, may_use)) is not None:
            others.add(linked.engine.name)
            continue
        name = known_elsewhere(gateway, door, written)
        if name is not None:
            others.add(name)
        elif _is_uncertain(gateway, door, written, may_use):
            unknown.append(written)
    if len(unknown) > _MOST:
        raise PayloadTooLarge(f"At most {_MOST} ids of instances are looked up for one request; write engine:id.")
    unknown = await _find_own(gateway, door, unknown, call)
    for found in await gather_bounded([_owner(gateway, door, each, may_use, call) for each in unknown]):
        if isinstance(found, VarbridgeError):
            raise found
        others.add(found)
    return (door.name, *sorted(name for name in others if name != door.name and may_use(name)))


def owner_of(gateway: Gateway, door: Engine, written: str, may_use: MayUse) -> Candidate | None:
    """Return whose an id is by now (``engines_of`` has looked it up), and its id there; None = no engine can have it.

    It is the front door's engine's, unless another is named or known; of a linked instance it is the side that decides.

    Raises:
        Forbidden: it is linked, and on an engine now that the caller may not use.
    """
    if gateway.links.active and (linked := locate_linked_behind(gateway, door, written, may_use)) is not None:
        return Candidate(linked.engine.name, linked.native)
    name, native = split_id(written, gateway.engines)
    beyond = gateway.routing.owner_beyond(door.name, written) if name is None else None
    if beyond is not None and may_use(beyond.engine):
        return beyond
    engine = gateway.engines[name or door.name]
    try:
        return Candidate(engine.name, engine.native_id(native))
    except InvalidRequest:
        return None


async def name_new(gateway: Gateway, door: Engine, target: Target, call: Call) -> str:
    """Return the id by which callers of a front door can name an instance that has just been started for them.

    That is the engine's own id, and its owner is remembered. Only where the front door's engine has an instance of
    the same id, or does not say, it is ``engine:id``.
    """
    if target.engine.name == door.name:
        return target.native
    try:
        own = Candidate(door.name, door.native_id(target.native))
        if await has_instance(gateway, own, call, ended=True):
            return target.public
    except InvalidRequest:
        pass  # no instance of the front door's engine can have such an id
    except VarbridgeError:
        return target.public
    gateway.routing.remember_beyond(door.name, target.native, Candidate(target.engine.name, target.native))
    return target.native


def name_found(gateway: Gateway, door: Engine, engine: Engine, native: str) -> str:
    """Return the id by which callers of a front door can name an instance that a search has found.

    A linked instance has the id of the door's own engine, where one of its sides is there. Other vendors' ids stand as
    they are; engines of the same vendor may have the same ids, so theirs are ``engine:id``.
    """
    if engine.name != door.name and (route := gateway.links.find(engine.name, native)) is not None:
        own = next((each for each in (route.source, route.target) if each.engine == door.name), None)
        if own is not None:
            return own.native
    return f"{engine.name}:{native}" if engine.vendor == door.vendor and engine.name != door.name else native


def _is_uncertain(gateway: Gateway, door: Engine, written: str, may_use: MayUse) -> bool:
    """Return whether a bare id may be another engine's, and is not known to be the front door's own."""
    if not gateway.routing.probe or gateway.routing.is_own(door.name, written):
        return False
    if split_id(written, gateway.engines)[0] is not None:
        return False
    try:
        candidates = gateway.routing.find_candidates(written, None, gateway.engines)
    except InvalidRequest:
        return False
    return any(each.engine != door.name and may_use(each.engine) for each in candidates)


async def _find_own(gateway: Gateway, door: Engine, written: list[str], call: Call) -> list[str]:
    """Look up several ids at once: remember running instances of the front door's engine, return the other ids."""
    if len(written) < _SEVERAL or "instances.find.ids" not in door.capabilities.features:
        return written
    left: list[str] = []
    for start in range(0, len(written), _AT_ONCE):
        spelled = {each: spell_instance(door, each) for each in written[start : start + _AT_ONCE]}
        found = await _running(gateway, door, [native for native in spelled.values() if native is not None], call)
        for each, native in spelled.items():
            if native in found:
                gateway.routing.remember_own(door.name, each)
            else:
                left.append(each)
    return left


async def _running(gateway: Gateway, door: Engine, ids: list[str], call: Call) -> frozenset[str]:
    """Return which of some ids are those of running instances; none where the engine does not say it of so many."""
    if not ids:
        return frozenset()
    command = FindInstances(ids=tuple(dict.fromkeys(ids)), limit=len(ids))
    try:
        found = await gateway.run(door.name, door.find_instances(command), call)
    except Unsupported:
        return frozenset()
    return frozenset(each.id for each in found.instances)


async def _owner(gateway: Gateway, door: Engine, written: str, may_use: MayUse, call: Call) -> str:
    owner = await locate_beyond(gateway, door, written, may_use, call, asked=False)
    return door.name if owner is None else owner.engine.name

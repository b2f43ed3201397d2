"""Placing: from what a request names to the engine that owns it, and to the instance that it is inside of.

Every id that comes in is resolved here: by link before all else; ``engine:id``, bare ids (by pattern, by memory, by
asking the engines), ids of executions inside an instance, tasks, and what new instances are started of. The counterpart
is ``gateway.routing``, which has the rules and asks nobody. What must not live here: write locks (``write``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gateway.errors import (
    EngineNotFound,
    Forbidden,
    InstanceNotFound,
    InvalidRequest,
    TaskNotFound,
)
from gateway.model.bridge import Side
from gateway.model.lifecycle import DescribeTask
from gateway.model.results import TaskDescribed
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing_links import (
    find_linked,
    find_linked_behind,
    follow,
    left_behind,
    owner_of_link,
    require_links,
    require_use,
)
from gateway.operations.probes import has_instance, probe, with_ended
from gateway.plan import Call
from gateway.port import Engine
from gateway.routing import Candidate, choose_engine, split_id

MayUse: TypeAlias = Callable[[str], bool]
"""Returns whether the caller may use the engine of a name."""


async def locate(  # noqa: PLR0913 - an id, and all that may say whose it is
    gateway: Gateway, public: str, explicit: str | None, may_use: MayUse, call: Call, *, ended: bool = False
) -> Target:
    """Find the one engine that owns an instance.

    Args:
        gateway: whose engines may own it.
        public: the id as the caller wrote it.
        explicit: the engine that the caller named beside the id.
        may_use: which engines count.
        call: for asking the engines where nothing else tells the owner.
        ended: whether instances that have ended count as much as running ones. Without it they count where no
            running instance has the id: the engine then says what an ended one means for the operation.

    Raises:
        Forbidden: the caller may not use the engine.
        InstanceAmbiguous: more than one engine has the instance; InstanceNotFound: none has it.
        EngineFailure: an engine could not be asked, and fewer than two others have the instance.
        StoreUnavailable: links were never read, and the instance may be in one.
    """
    if gateway.links.active and explicit is None and (linked := _locate_bare(gateway, public, may_use)) is not None:
        return linked
    candidates = gateway.routing.find_candidates(public, explicit, gateway.engines)
    if len(candidates) == 1:
        target = _usable(gateway, _target(gateway, candidates[0]), may_use)
        if target.link is not None or may_use(target.engine.name):
            return target
    allowed = tuple(candidate for candidate in candidates if may_use(candidate.engine))
    if not allowed:
        raise Forbidden("The caller may not use this engine.")
    if not gateway.routing.probe:
        raise InvalidRequest("A bare id needs the engine's name: `engine:id`, `?engine=` or `Gateway-Engine`.")
    try:
        owner = await probe(gateway, allowed, call, ended=ended)
    except InstanceNotFound:
        if ended:
            raise
        owner = await probe(gateway, with_ended(gateway, allowed), call, ended=True)
        return _usable(gateway, _target(gateway, owner), may_use)
    gateway.routing.remember_owner(public, owner)
    return _usable(gateway, _target(gateway, owner), may_use)


def _usable(gateway: Gateway, target: Target, may_use: MayUse) -> Target:
    """Return a target; refuse one on whose owner, found by its link, the caller may not ask anything.

    Raises:
        Forbidden: it may not.
    """
    if target.link is not None:
        require_use(target.link, may_use=may_use(target.engine.name))
        gateway.links.note_routed(target.engine.name)
    return target


def _locate_bare(gateway: Gateway, public: str, may_use: MayUse) -> Target | None:
    """Return the owner of a linked instance by an id without an engine, or with one that is configured no more.

    Raises:
        Forbidden, InstanceAmbiguous, StoreUnavailable: as ``locate``.
    """
    name, colon, _ = public.partition(":")
    if (colon and name in gateway.engines) or ("", public) in gateway.links.unlinked:
        return None
    route = find_linked(gateway, None, public)
    if route is None:
        gateway.links.note_unlinked("", public)
        return None
    return _usable(gateway, owner_of_link(gateway, route), may_use)


def place(gateway: Gateway, target: Target) -> Target:
    """Return a target as far as it is known by now: with the instance that its id is inside of, and on its owner.

    Raises:
        InstanceNotFound: it is inside of an instance that is on another engine now.
        StoreUnavailable: the links were never read.
    """
    root = gateway.routing.root_of(target.engine.name, target.native)
    links = gateway.links
    if links.active:
        if not links.is_known:
            require_links(gateway)
        route = links.find(target.engine.name, root or target.native)
        if route is not None:
            return target if route is target.link and root == target.root else follow(gateway, target, root, route)
    if root == target.root and target.link is None:
        return target
    return Target(target.engine, target.native, root, None, target.pinned)


def parse_canonical(gateway: Gateway, public: str) -> Target:
    """Return the target of a canonical id that the gateway wrote itself.

    Raises:
        InstanceNotFound: the engine is no longer configured.
    """
    name, native = split_id(public, gateway.engines)
    if name is None:
        engine, _, native = public.partition(":")
        route = gateway.links.find(engine, native)
        if route is not None:
            return owner_of_link(gateway, route)
        raise InstanceNotFound("The engine is no longer configured.")
    return place(gateway, Target(gateway.engines[name], native))


def locate_task(gateway: Gateway, public: str, explicit: str | None, may_use: MayUse) -> tuple[Engine, str]:
    """Return the engine of a task and the task's id there; no engine is asked, so the request must name it.

    Raises:
        InvalidRequest: the request names no engine or two, or no task of the engine can have such an id.
        EngineNotFound: there is no engine of that name; Forbidden: the caller may not use it.
    """
    named = choose_engine(*split_id(public, gateway.engines), explicit)
    if named is None:
        raise InvalidRequest("A bare task id needs the engine's name: `engine:id`, `?engine=` or `Gateway-Engine`.")
    engine = find_engine(gateway, named[0], may_use)
    return engine, engine.native_task(named[1])


async def locate_owner(gateway: Gateway, engine: Engine, task: str, call: Call) -> Target:
    """Ask an engine whose a task is.

    Raises:
        TaskNotFound: there is no such task, or it is completed.
    """
    found = await gateway.run(engine.name, engine.describe_task(DescribeTask(task=task)), call)
    return place_task(gateway, engine, task, found)


def place_task(gateway: Gateway, engine: Engine, task: str, described: TaskDescribed) -> Target:
    """Return the instance that a task belongs to; where the engine does not tell, the task stands for its instance.

    Raises:
        TaskNotFound: the instance is on another engine now, which does not have the task.
    """
    target = Target(engine, f"task {task}" if described.instance is None else described.instance)
    placed = place(gateway, target)
    if placed.link is not None and placed.link.twin == Side(engine.name, target.native):
        raise TaskNotFound(left_behind(placed.link), engine=engine.name)
    return placed if placed.link is None else msgspec.structs.replace(placed, pinned=True)


def locate_start(gateway: Gateway, definition: str, explicit: str | None, may_use: MayUse) -> Engine:
    """Return the engine on which a new instance of a definition starts.

    Raises:
        ValueInvalid: there is no rule, and the request names no engine.
        EngineNotFound: there is no engine of the name given; Forbidden: the caller may not use it.
    """
    return find_engine(gateway, gateway.routing.choose_start(definition, explicit, gateway.engines), may_use)


def find_engine(gateway: Gateway, name: str, may_use: MayUse) -> Engine:
    """Return an engine by its name.

    Raises:
        EngineNotFound: there is none of that name; Forbidden: the caller may not use it.
    """
    engine = gateway.engines.get(name)
    if engine is None:
        raise EngineNotFound
    if not may_use(name):
        raise Forbidden("The caller may not use this engine.")
    return engine


def find_named(gateway: Gateway, public: str, beside: str, may_use: MayUse) -> str:
    """Return the engine that a request names in its id or beside it, if the caller may use it; else the empty name."""
    named, _ = split_id(public, gateway.engines)
    name = beside if named is None else named
    return name if name in gateway.engines and may_use(name) else ""


def locate_behind(gateway: Gateway, door: Engine, written: str, may_use: MayUse) -> tuple[Target, bool]:
    """Return the instance that a front-door request names, and whether its id names its engine.

    An id of a linked instance means the side that decides. A bare id means the door's engine, unless another one is
    known to be the owner. An id that the door's engine cannot have is handed on all the same: the engine's own answer
    is what callers expect.

    Raises:
        Forbidden: the caller may not use the engine that the id names, or the one on which a linked instance is.
        InvalidRequest: the id names another engine, which cannot have such an id.
        InstanceNotFound: it is inside of an instance that is on another engine now.
        StoreUnavailable: the links were never read, and the instance may be in one.
    """
    if gateway.links.active and (linked := locate_linked_behind(gateway, door, written, may_use)) is not None:
        return linked, split_id(written, gateway.engines)[0] is not None
    engine, native = split_behind(gateway, written, may_use)
    if engine is not None and engine.name != door.name:
        return _usable(gateway, place(gateway, Target(engine, engine.native_id(native))), may_use), True
    beyond = gateway.routing.owner_beyond(door.name, written) if engine is None else None
    if beyond is not None and may_use(beyond.engine):
        return _usable(gateway, _target(gateway, beyond), may_use), False
    spelled = spell_instance(door, native)
    return place(gateway, Target(door, native if spelled is None else spelled)), engine is not None


def locate_linked_behind(gateway: Gateway, door: Engine, written: str, may_use: MayUse) -> Target | None:
    """Return the side that decides of the linked instance that a front-door request names; None where it names none.

    Raises:
        Forbidden, InstanceNotFound, StoreUnavailable: as ``locate_behind``.
    """
    links = gateway.links
    if (door.name, written) in links.unlinked:
        return None
    route = find_linked_behind(gateway, door, written)
    if route is None:
        links.note_unlinked(door.name, written)
        return None
    require_use(route, may_use=may_use(route.owner.engine))
    return owner_of_link(gateway, route)


def split_behind(gateway: Gateway, written: str, may_use: MayUse) -> tuple[Engine | None, str]:
    """Return the engine that an id of a front-door request names, None for a bare id, and the id without it.

    Raises:
        Forbidden: the caller may not use the engine.
    """
    name, native = split_id(written, gateway.engines)
    return None if name is None else find_engine(gateway, name, may_use), native


def spell_instance(engine: Engine, written: str) -> str | None:
    """Return an instance's id in the spelling of an engine; None where no instance of it can have such an id."""
    try:
        return engine.native_id(written)
    except InvalidRequest:
        return None


async def locate_beyond(  # noqa: PLR0913 - an id, and all that may say whose it is
    gateway: Gateway, door: Engine, written: str, may_use: MayUse, call: Call, *, asked: bool = True
) -> Target | None:
    """Find the one other engine that has what the engine of a front door does not know.

    Args:
        gateway: whose engines may own it.
        door: the engine of the front door; it is asked for the instance itself before another engine counts as owner.
        written: a bare id, as the caller wrote it.
        may_use: which engines count.
        call: for asking them.
        asked: whether the door's engine has said already that it does not know the id; otherwise it is asked first.

    Returns:
        The instance; None where no other engine has it, or the door's engine has it after all.

    Raises:
        InstanceAmbiguous: several other engines have it.
        EngineFailure: an engine could not be asked, and fewer than two others have it.
    """
    if not gateway.routing.probe:
        return None
    others, own = _beyond(gateway, door, written, may_use)
    if not asked and await _has_own(gateway, written, own, call):
        return None
    for ended in (False, True):
        owner = await _find_owner(gateway, with_ended(gateway, others) if ended else others, call, ended=ended)
        if owner is not None:
            break
    else:
        return None
    if asked and await _has_own(gateway, written, own, call):
        return None
    gateway.routing.remember_beyond(door.name, written, owner)
    return _usable(gateway, _target(gateway, owner), may_use)


async def _has_own(gateway: Gateway, written: str, own: Candidate | None, call: Call) -> bool:
    """Return whether the engine of a front door has an instance itself; that is remembered."""
    if own is None or not await has_instance(gateway, own, call, ended=True):
        return False
    gateway.routing.remember_own(own.engine, written)
    return True


def _beyond(
    gateway: Gateway, door: Engine, written: str, may_use: MayUse
) -> tuple[tuple[Candidate, ...], Candidate | None]:
    """Return the other engines that may own a bare id, and the door's own where it can have such an id."""
    try:
        candidates = gateway.routing.find_candidates(written, None, gateway.engines)
    except InvalidRequest:
        candidates = ()
    others = tuple(each for each in candidates if each.engine != door.name and may_use(each.engine))
    own = spell_instance(door, written)
    return others, None if own is None else Candidate(door.name, own)


async def _find_owner(
    gateway: Gateway, candidates: tuple[Candidate, ...], call: Call, *, ended: bool
) -> Candidate | None:
    try:
        return await probe(gateway, candidates, call, ended=ended)
    except InstanceNotFound:
        return None


def locate_start_behind(gateway: Gateway, door: Engine, definition: str, may_use: MayUse) -> Engine:
    """Return the engine on which a start at a front door takes place: the one of the rule, else the door's own.

    Raises:
        Forbidden: the caller may not use the engine of the rule.
    """
    return find_engine(gateway, gateway.routing.start_rule(definition) or door.name, may_use)


def _target(gateway: Gateway, owner: Candidate) -> Target:
    return place(gateway, Target(gateway.engines[owner.engine], owner.native))

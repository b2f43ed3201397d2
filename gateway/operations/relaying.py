"""Front-door requests: which scope they need, which engine owns what they name, and which way they take.

Read top to bottom: the destination of a request (scope, owner, lane, in this order; the dialect resolved the method
override before), its destination where the engine of the front door does not know what it names, then the request on
its way to the engine, under the write lock where it changes a known instance. What must not live here: how requests are
read and answers handed back (``web.proxy``), what a request of a vendor means (the dialects), and how its commands are
carried out (``translating``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from gateway.errors import Forbidden, Unsupported
from gateway.operations.destinations import Destination, DoorRequest, destination_of, translated_by
from gateway.operations.gateway import Gateway, Target
from gateway.operations.paging.linked import owners_beyond
from gateway.operations.placing import locate_behind, locate_beyond, locate_start_behind, spell_instance
from gateway.operations.placing_foreign import find_foreign, find_moved
from gateway.operations.placing_ids import engines_of, require_named
from gateway.operations.placing_links import find_linked_behind
from gateway.operations.placing_tasks import locate_task_behind, locate_task_beyond, spell_task
from gateway.operations.relaying_linked import follow_moved, follow_named
from gateway.operations.write import write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Engine
from gateway.raw import RawAnswer, RawRequest
from gateway.routing import split_id

R = TypeVar("R")
HandBack = Callable[[RawAnswer], Awaitable[R]]


def find_destination(gateway: Gateway, request: DoorRequest) -> Destination:
    """Find out where a front-door request goes. No engine is asked; searches have ``find_searched`` after it.

    Raises:
        Forbidden: the caller lacks the scope, may not use the engine, or is limited where nobody can enforce limits.
        Unsupported: the request cannot be said to the owner, or names instances of other engines beside its own.
        InvalidRequest: the id names an engine that cannot have it.
    """
    facts, default, rights = request.facts, request.default, request.rights
    rights.require(facts.scope)
    if not rights.may_use(default.name):
        raise Forbidden("The caller may not use this engine.")
    if (facts.ids or facts.tasks) and not facts.searches:
        if gateway.links.active and (moved := find_moved(gateway, default, facts, rights.may_use)):
            return follow_moved(gateway, request, moved)
        _refuse_foreign(gateway, request)
    if facts.definition is not None:
        engine = locate_start_behind(gateway, default, facts.definition, rights.may_use)
        return destination_of(request, engine, None) if engine is default else translated_by(engine)
    if facts.task is not None:
        return _find_task(gateway, request, facts.task)
    if facts.named is None:
        return destination_of(request, default, None)
    target, qualified = locate_behind(gateway, default, facts.named, rights.may_use)
    if target.link is not None:
        return follow_named(gateway, request, target, qualified=qualified)
    is_certain = qualified or target.engine.name != default.name or not _has_others(gateway)
    return destination_of(request, target.engine, target, qualified=qualified, is_certain=is_certain)


def _find_task(gateway: Gateway, request: DoorRequest, written: str) -> Destination:
    default = request.default
    engine, task, qualified = locate_task_behind(gateway, default, written, request.rights.may_use)
    is_certain = qualified or engine.name != default.name or not _has_others(gateway)
    return destination_of(request, engine, None, task=task, qualified=qualified, is_certain=is_certain)


async def find_searched(gateway: Gateway, request: DoorRequest, found: Destination, call: Call) -> Destination:
    """Find out which engines a search asks: the front door's, and those that own an instance named in it.

    A federated search that names none asks all engines that the caller may use. Where instances of the front door's
    engine are on others by now, a search that names none asks these, too, for those instances.

    Raises:
        Forbidden: an id names an engine that the caller may not use.
        InstanceAmbiguous: several other engines have an instance; EngineFailure: an engine could not be asked.
    """
    default, may_use, ids = request.default, request.rights.may_use, request.facts.ids
    require_named(gateway, default, ids, may_use)
    beyond: tuple[str, ...] = ()
    if request.federated and not ids:
        others = sorted(name for name in gateway.engines if name != default.name and may_use(name))
        engines = (default.name, *others)
    else:
        engines = await engines_of(gateway, default, ids, may_use, call)
        beyond = () if ids else tuple(name for name in owners_beyond(gateway, default.name) if may_use(name))
    if engines == (default.name,) and not _must_translate(gateway, default, ids):
        return found
    engines = (*engines, *beyond)
    return msgspec.structs.replace(found, engines=engines, behind=bool(beyond), is_translated=True)


def _must_translate(gateway: Gateway, door: Engine, ids: tuple[str, ...]) -> bool:
    """Return whether the front door's engine alone would not answer a search as it is: it knows no links."""
    if any(split_id(written, gateway.engines)[0] is not None for written in ids):
        return True
    if not gateway.links.active:
        return False
    return bool(gateway.links.count_twins(door.name)) or any(find_linked_behind(gateway, door, each) for each in ids)


async def find_owner(gateway: Gateway, request: DoorRequest, found: Destination, call: Call) -> Destination:
    """Find out where a request goes whose owner must be known before it is sent anywhere.

    Raises:
        InstanceAmbiguous: several other engines have it; EngineFailure: an engine could not be asked.
        Unsupported: the request cannot be said to the owner.
    """
    named, default = request.facts.named, request.default
    if request.facts.task is not None:
        beyond = await find_beyond(gateway, request, call, asked=False)
        return msgspec.structs.replace(found, is_certain=True) if beyond is None else beyond
    ids = () if named is None else (named,)
    if await engines_of(gateway, default, ids, request.rights.may_use, call) == (default.name,):
        return msgspec.structs.replace(found, is_certain=True)
    return find_destination(gateway, request)


def can_be_behind(request: DoorRequest) -> bool:
    """Return whether the front door's engine can have what a request names, by the form of its id."""
    facts, default = request.facts, request.default
    if facts.task is not None:
        return spell_task(default, facts.task) is not None
    return facts.named is None or spell_instance(default, facts.named) is not None


async def find_beyond(gateway: Gateway, request: DoorRequest, call: Call, *, asked: bool = True) -> Destination | None:
    """Find out where a request goes whose instance or task the front door's engine does not know; None = nowhere else.

    Args:
        gateway: whose engines may own it.
        request: what is asked at the front door.
        call: for asking the engines.
        asked: whether the engine of the front door has said already that it does not know the instance or task.

    Raises:
        InstanceAmbiguous: several other engines have it; EngineFailure: an engine could not be asked.
        Unsupported: the request cannot be said to the owner.
    """
    facts, default, may_use = request.facts, request.default, request.rights.may_use
    if facts.task is not None:
        beyond = await locate_task_beyond(gateway, default, facts.task, may_use, call, asked=asked)
        return None if beyond is None else destination_of(request, beyond[0], None, task=beyond[1])
    if facts.named is None:
        return None
    target = await locate_beyond(gateway, default, facts.named, may_use, call, asked=asked)
    if target is not None and target.link is not None:
        return follow_named(gateway, request, target, qualified=False)
    return None if target is None else destination_of(request, target.engine, target)


def _refuse_foreign(gateway: Gateway, request: DoorRequest) -> None:
    """Refuse a request that names, beside its path, what another engine has; it goes to one engine as it is."""
    foreign = find_foreign(gateway, request.default, request.facts, request.rights.may_use)
    if foreign is None:
        return
    why = "takes ids without the name of" if foreign is request.default else "is not offered here for what is on"
    raise Unsupported(f"{request.call()} {why} the engine {foreign.name}.", engine=foreign.name)


def _has_others(gateway: Gateway) -> bool:
    return gateway.routing.probe and len(gateway.engines) > 1


async def relay_request(  # noqa: PLR0913 - a request on its way, and what it may change
    gateway: Gateway,
    destination: Destination,
    request: RawRequest,
    call: Call,
    hand_back: HandBack[R],
    *,
    beyond: str | None = None,
) -> R:
    """Send a request to its destination and hand the answer back; a write of a known instance holds its write lock.

    Args:
        gateway: whose engines and locks they are.
        destination: where it goes.
        request: as it is sent.
        call: the budget.
        hand_back: hands the answer to the caller.
        beyond: what a write may change beyond variables, for people; see ``write_instance``.
    """

    async def work(_: Target | None = None) -> R:
        answer = await gateway.relay(destination.engine.name, request, call)
        try:
            return await hand_back(answer)
        finally:
            answer.close()

    if not request.writes:
        return await work()
    target = destination.instance
    if target is None:
        return await write_unlocked(call, work)
    if not target.pinned:
        target = Target(target.engine, target.native, target.root, target.link, pinned=True)
    return await write_instance(gateway, target, call, work, beyond=beyond)

"""Front-door requests: which scope they need, which engine owns what they name, and which way they take.

Read top to bottom: the destination of a request (scope, owner, lane, in this order; the dialect resolved the method
override before), its destination where the engine of the front door does not know what it names, then the request on
its way to the engine, under the write lock where it changes a known instance. What must not live here: how requests are
read and answers handed back (``web.proxy``), what a request of a vendor means (the dialects), and how its commands are
carried out (``translating``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, TypeVar

import msgspec

from gateway.errors import Forbidden, Unsupported
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import locate_behind, locate_beyond, locate_start_behind, spell_instance
from gateway.operations.placing_foreign import find_foreign
from gateway.operations.placing_ids import engines_of
from gateway.operations.placing_tasks import locate_task_behind, locate_task_beyond, spell_task
from gateway.operations.write import write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Engine, RequestFacts
from gateway.raw import RawAnswer, RawRequest
from gateway.routing import split_id

R = TypeVar("R")
HandBack = Callable[[RawAnswer], Awaitable[R]]
Lane = Literal["native", "translated", "passed_through", "refused"]


class LaneFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the lane of a request depends on.

    Args:
        about_variables: whether the gateway knows the request as an operation of its own (``RequestFacts.is_known``).
        same_vendor: whether the owner speaks the dialect of the front door.
        limited: whether the caller has masks or name limits.
        translates: whether a request that is none can all the same be carried out as commands.
        second_write: whether another engine must receive the same write.
        body_needed: whether a policy must understand the body.
    """

    about_variables: bool
    same_vendor: bool
    limited: bool = False
    translates: bool = False
    second_write: bool = False
    body_needed: bool = False


def lane(facts: LaneFacts) -> Lane:
    """Return the lane: bytes are forwarded wherever nobody needs to understand them."""
    if not facts.about_variables:
        if facts.same_vendor and not facts.limited:
            return "passed_through"
        return "translated" if facts.translates else "refused"
    if facts.same_vendor and not (facts.limited or facts.second_write or facts.body_needed):
        return "native"
    return "translated"


class Rights(Protocol):
    """What the caller of a front door may do."""

    @property
    def name(self) -> str:
        """Return the caller's name, for the engine's audit."""
        ...

    @property
    def limited(self) -> bool:
        """Return whether the caller has masks or name limits."""
        ...

    def may(self, scope: str) -> bool:
        """Return whether the caller has a scope."""
        ...

    def require(self, scope: str) -> None:
        """Refuse a caller without a scope.

        Raises:
            Forbidden: the caller lacks the scope.
        """
        ...

    def may_use(self, engine: str) -> bool:
        """Return whether the caller may use an engine."""
        ...

    def may_touch(self, name: str) -> bool:
        """Return whether the caller may read and write a variable."""
        ...

    def require_names(self, names: tuple[str, ...]) -> None:
        """Refuse names of variables that the caller may not touch.

        Raises:
            Forbidden: it names those variables.
        """
        ...

    def is_masked(self, name: str) -> bool:
        """Return whether the value of a variable is hidden from the caller."""
        ...


class DoorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request at a front door, as far as its destination depends on it.

    Args:
        vendor: whose dialect the front door speaks.
        default: the engine of whatever names no other.
        facts: what the request is about.
        call: returns method and path, for people.
        rights: what the caller may do.
        federated: whether searches ask every engine that the caller may use.
    """

    vendor: str
    default: Engine
    facts: RequestFacts
    call: Callable[[], str]
    rights: Rights
    federated: bool = False


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a front-door request goes.

    Args:
        engine: the owner, to which the request is relayed, or which carries out what it means.
        instance: what a write changes; None where no instance is named for certain.
        task: id of the task that is named, as the engine spells it; None where none is.
        engines: which engines a search asks, if not this one alone; then it is carried out as a command.
        spelled: the id in the path as the engine spells it, where the caller wrote ``engine:id``, which no engine would
            understand, or names what another engine than the door's has; None = as the caller wrote it.
        is_translated: whether the request is carried out as commands, or refused where it means none.
        is_certain: whether no other engine can be the owner.
    """

    engine: Engine
    instance: Target | None = None
    task: str | None = None
    engines: tuple[str, ...] = ()
    spelled: str | None = None
    is_translated: bool = False
    is_certain: bool = True


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
        _refuse_foreign(gateway, request)
    if facts.definition is not None:
        engine = locate_start_behind(gateway, default, facts.definition, rights.may_use)
        return _destination(request, engine, None) if engine is default else _translated(engine)
    if facts.task is not None:
        return _find_task(gateway, request, facts.task)
    if facts.named is None:
        return _destination(request, default, None)
    target, qualified = locate_behind(gateway, default, facts.named, rights.may_use)
    is_certain = qualified or target.engine.name != default.name or not _has_others(gateway)
    return _destination(request, target.engine, target, qualified=qualified, is_certain=is_certain)


def _find_task(gateway: Gateway, request: DoorRequest, written: str) -> Destination:
    default = request.default
    engine, task, qualified = locate_task_behind(gateway, default, written, request.rights.may_use)
    is_certain = qualified or engine.name != default.name or not _has_others(gateway)
    return _destination(request, engine, None, task=task, qualified=qualified, is_certain=is_certain)


async def find_searched(gateway: Gateway, request: DoorRequest, found: Destination, call: Call) -> Destination:
    """Find out which engines a search asks: the front door's, and those that own an instance named in it.

    A federated search that names none asks all engines that the caller may use.

    Raises:
        Forbidden: an id names an engine that the caller may not use.
        InstanceAmbiguous: several other engines have an instance; EngineFailure: an engine could not be asked.
    """
    default, may_use, ids = request.default, request.rights.may_use, request.facts.ids
    if not all(may_use(name) for each in ids if (name := split_id(each, gateway.engines)[0]) is not None):
        raise Forbidden("The caller may not use this engine.")
    if request.federated and not ids:
        others = sorted(name for name in gateway.engines if name != default.name and may_use(name))
        engines = (default.name, *others)
    else:
        engines = await engines_of(gateway, default, ids, may_use, call)
    if engines == (default.name,) and not any(_is_qualified(gateway, written) for written in ids):
        return found
    return msgspec.structs.replace(found, engines=engines, is_translated=True)


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
        return None if beyond is None else _destination(request, beyond[0], None, task=beyond[1])
    if facts.named is None:
        return None
    target = await locate_beyond(gateway, default, facts.named, may_use, call, asked=asked)
    return None if target is None else _destination(request, target.engine, target)


def _refuse_foreign(gateway: Gateway, request: DoorRequest) -> None:
    """Refuse a request that names, beside its path, what another engine has; it goes to one engine as it is."""
    foreign = find_foreign(gateway, request.default, request.facts, request.rights.may_use)
    if foreign is None:
        return
    why = "takes ids without the name of" if foreign is request.default else "is not offered here for what is on"
    raise Unsupported(f"{request.call()} {why} the engine {foreign.name}.", engine=foreign.name)


def _is_qualified(gateway: Gateway, written: str) -> bool:
    return split_id(written, gateway.engines)[0] is not None


def _has_others(gateway: Gateway) -> bool:
    return gateway.routing.probe and len(gateway.engines) > 1


def _translated(engine: Engine) -> Destination:
    return Destination(engine=engine, is_translated=True)


def _destination(  # noqa: PLR0913 - an owner, and how it was found
    request: DoorRequest,
    engine: Engine,
    target: Target | None,
    *,
    task: str | None = None,
    qualified: bool = False,
    is_certain: bool = True,
) -> Destination:
    """Return the destination of a request whose owner is found, by its lane.

    Raises:
        Forbidden: the caller is limited where nobody can enforce limits.
        Unsupported: the request cannot be said to an engine of another vendor.
    """
    facts, limited = request.facts, request.rights.limited
    same_vendor = request.vendor == engine.vendor
    body_needed = (qualified and facts.in_body) or (facts.carries and not _may_all(request.rights))
    chosen = lane(
        LaneFacts(
            about_variables=facts.is_known,
            same_vendor=same_vendor,
            limited=limited,
            translates=facts.translates,
            body_needed=body_needed,
        )
    )
    if chosen == "refused" and same_vendor:
        raise Forbidden("This request cannot be handed on for this caller.", engine=engine.name)
    if chosen == "refused" and is_certain:
        raise untranslated(request, engine)
    is_translated = chosen in {"translated", "refused"}  # what is refused is so once no other engine is the owner
    named = target if is_translated or facts.instance is not None else None
    respelled = qualified or engine.name != request.default.name
    return Destination(
        engine=engine,
        instance=named,
        task=task,
        spelled=(task if target is None else target.native) if respelled else None,
        is_translated=is_translated,
        is_certain=is_certain,
    )


def _may_all(rights: Rights) -> bool:
    """Return whether a caller may read and write variables, so that it does not matter whether a body has any."""
    return rights.may("variables:read") and rights.may("variables:write")


def untranslated(request: DoorRequest, engine: Engine) -> Unsupported:
    """Return the refusal of a request that means no command and cannot be relayed to the engine."""
    whom = "for what is on" if request.vendor != engine.vendor else "to callers with masks or name limits on"
    return Unsupported(f"{request.call()} is not offered here {whom} the engine {engine.name}.", engine=engine.name)


async def relay_request(
    gateway: Gateway, destination: Destination, request: RawRequest, call: Call, hand_back: HandBack[R]
) -> R:
    """Send a request to its destination and hand the answer back; a write of a known instance holds its write lock."""

    async def work(_: Target | None = None) -> R:
        answer = await gateway.relay(destination.engine.name, request, call)
        try:
            return await hand_back(answer)
        finally:
            answer.close()

    if not request.writes:
        return await work()
    if destination.instance is None:
        return await write_unlocked(call, work)
    return await write_instance(gateway, destination.instance, call, work)

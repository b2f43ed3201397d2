"""Destinations of front-door requests: the lane that a request takes to its owner, once the owner is known.

What must not live here: how the owner is found (``relaying``), and what becomes of the request (``web.proxy``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from gateway.errors import Forbidden, Unsupported
from gateway.operations.gateway import Target
from gateway.port import Engine, RequestFacts

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
        moved: whether the instance is linked, and another one decides than the one that the caller's id says.
    """

    about_variables: bool
    same_vendor: bool
    limited: bool = False
    translates: bool = False
    second_write: bool = False
    body_needed: bool = False
    moved: bool = False


def lane(facts: LaneFacts) -> Lane:
    """Return the lane: bytes are forwarded wherever nobody needs to understand them."""
    if not facts.about_variables:
        if facts.same_vendor and not facts.limited and not (facts.moved and facts.translates):
            return "passed_through"
        return "translated" if facts.translates else "refused"
    if facts.same_vendor and not (facts.limited or facts.second_write or facts.body_needed or facts.moved):
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
        behind: whether of engines other than the front door's only those instances count whose other side is there.
        spelled: the id in the path as the engine spells it, where the caller wrote ``engine:id``, which no engine would
            understand, or names what another engine than the door's has; None = as the caller wrote it.
        moved: ids of linked instances as the caller wrote them, to those of the sides that decide, where these are
            others: they are rewritten wherever they stand, and written back in the answer.
        is_translated: whether the request is carried out as commands, or refused where it means none.
        is_certain: whether no other engine can be the owner.
    """

    engine: Engine
    instance: Target | None = None
    task: str | None = None
    engines: tuple[str, ...] = ()
    behind: bool = False
    spelled: str | None = None
    moved: Mapping[str, str] = {}
    is_translated: bool = False
    is_certain: bool = True


def translated_by(engine: Engine) -> Destination:
    """Return the destination of a request that is about nothing there is yet, and is carried out as commands."""
    return Destination(engine=engine, is_translated=True)


def destination_of(  # noqa: PLR0913 - an owner, and how it was found
    request: DoorRequest,
    engine: Engine,
    target: Target | None,
    *,
    task: str | None = None,
    qualified: bool = False,
    moved: Mapping[str, str] = {},
    is_certain: bool = True,
) -> Destination:
    """Return the destination of a request whose owner is found, by its lane.

    Raises:
        Forbidden: the caller is limited where nobody can enforce limits.
        Unsupported: the request cannot be said to an engine of another vendor.
    """
    facts, limited = request.facts, request.rights.limited
    same_vendor = request.vendor == engine.vendor
    body_needed = ((qualified or bool(moved)) and facts.in_body) or (facts.carries and not _may_all(request.rights))
    chosen = lane(
        LaneFacts(
            about_variables=facts.is_known,
            same_vendor=same_vendor,
            limited=limited,
            translates=facts.translates,
            body_needed=body_needed,
            moved=bool(moved),
        )
    )
    if chosen == "refused" and same_vendor:
        raise Forbidden("This request cannot be handed on for this caller.", engine=engine.name)
    if chosen == "refused" and is_certain:
        raise untranslated(request, engine)
    is_translated = chosen in {"translated", "refused"}  # what is refused is so once no other engine is the owner
    named = target if is_translated or facts.instance is not None else None
    respelled = qualified or bool(moved) or engine.name != request.default.name
    return Destination(
        engine=engine,
        instance=named,
        task=task,
        spelled=(task if target is None else target.native) if respelled else None,
        moved=moved,
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

"""Front-door requests: which scope they need, which engine owns what they name, and which way they take.

Read top to bottom: the destination of a request (scope, owner, lane, in this order; the dialect resolved the method
override before), then the request on its way to the engine, under the write lock where it changes a known instance.
What must not live here: how requests are read and answers handed back (``web.proxy``), and what a request of a vendor
means (the dialects).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, TypeVar

import msgspec

from gateway.errors import Forbidden, Unsupported
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import check_start_behind, locate_behind
from gateway.operations.write import write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Engine, RequestFacts
from gateway.raw import RawAnswer, RawRequest

R = TypeVar("R")
HandBack = Callable[[RawAnswer], Awaitable[R]]
Lane = Literal["native", "translated", "passed_through", "refused"]


class LaneFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the lane of a request depends on.

    Args:
        about_variables: whether the gateway knows the request as an operation of its own (``RequestFacts.is_known``).
        same_vendor: whether the owner speaks the dialect of the front door.
        limited: whether the caller has masks or name limits.
        second_write: whether another engine must receive the same write.
        body_needed: whether a policy must understand the body.
    """

    about_variables: bool
    same_vendor: bool
    limited: bool = False
    second_write: bool = False
    body_needed: bool = False


def lane(facts: LaneFacts) -> Lane:
    """Return the lane: bytes are forwarded wherever nobody needs to understand them."""
    if not facts.about_variables:
        return "passed_through" if facts.same_vendor and not facts.limited else "refused"
    if facts.same_vendor and not (facts.limited or facts.second_write or facts.body_needed):
        return "native"
    return "translated"


class Rights(Protocol):
    """What the caller of a front door may do."""

    @property
    def limited(self) -> bool:
        """Return whether the caller has masks or name limits."""
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


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a front-door request goes.

    Args:
        engine: the owner, to which the request is relayed.
        instance: what a write changes; None where no instance is named for certain.
        qualified: whether the caller wrote the id as ``engine:id``, which no engine would understand.
    """

    engine: Engine
    instance: Target | None = None
    qualified: bool = False


def find_destination(
    gateway: Gateway, vendor: str, default: Engine, facts: RequestFacts, rights: Rights
) -> Destination:
    """Find out where a front-door request goes.

    Args:
        gateway: whose engines may be meant.
        vendor: whose dialect the front door speaks.
        default: the engine of whatever names no other.
        facts: what the request is about.
        rights: what the caller may do.

    Raises:
        Forbidden: the caller lacks the scope, may not use the engine, or is limited where nobody can enforce limits.
        Unsupported: the owner is not behind the front door, or the request would have to be translated.
    """
    rights.require(facts.scope)
    if not rights.may_use(default.name):
        raise Forbidden("The caller may not use this engine.")
    found = _find_owner(gateway, default, facts, rights)
    chosen = lane(
        LaneFacts(about_variables=facts.is_known, same_vendor=vendor == found.engine.vendor, limited=rights.limited)
    )
    match chosen:
        case "native" | "passed_through":
            return found
        case "translated":
            raise Unsupported("This request needs a translation that is not offered here.", engine=found.engine.name)
        case "refused":
            raise Forbidden("This request cannot be handed on for this caller.", engine=found.engine.name)


def _find_owner(gateway: Gateway, default: Engine, facts: RequestFacts, rights: Rights) -> Destination:
    check_start_behind(gateway, default, facts.definition)
    if facts.instance is None:
        return Destination(engine=default)
    target, qualified = locate_behind(gateway, default, facts.instance, rights.may_use)
    return Destination(engine=target.engine, instance=target, qualified=qualified)


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

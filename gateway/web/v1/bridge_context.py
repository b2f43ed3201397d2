"""What handlers of ``/v1/bridge`` share: the stores, who may change what, entity tags, and addressing links."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gateway.bridge.planning import check_takes_part
from gateway.errors import Fault, Forbidden, InvalidRequest, LinkNotFound, PreconditionFailed, Unsupported
from gateway.model import etag
from gateway.model.bridge import BridgePlan, Link, Side
from gateway.operations import placing
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.web.v1 import engine_choice
from gateway.web.v1.context import RequestContext
from gateway.web.v1.idempotency import HEADER

_LINK_ID = re.compile(r"[0-9a-f]{32}")
_MOST_CHARACTERS = 512
"""Of an instance's id: with its engine's name it must fit into 2704 bytes, the most that PostgreSQL indexes."""


def links(context: RequestContext) -> Links:
    """Return the links.

    Raises:
        Unsupported: this gateway has no store.
    """
    if context.services.links is None:
        raise Unsupported("This gateway has no store for links.")
    return context.services.links


def plans(context: RequestContext) -> Plans:
    """Return the plans.

    Raises:
        Unsupported: this gateway has no store.
    """
    if context.services.plans is None:
        raise Unsupported("This gateway has no store for bridge plans.")
    return context.services.plans


def check_change(context: RequestContext) -> None:
    """Refuse a change by a caller that does not see all variables, or with a key; both before anything is read.

    Raises:
        Forbidden: copies take all variables, whatever the caller sees.
        Unsupported: a key; repeating a change of the bridge does no harm.
        BridgeTransitionRefused: the bridge is switched off.
    """
    if context.caller.limited:
        raise Forbidden("A caller with masks or name limits cannot change the bridge.")
    if HEADER in context.request.headers:
        raise Unsupported(f"{HEADER} is not offered here; a change of the bridge that is sent again does no harm.")
    plans(context).switch.require_on()


def check_engines(context: RequestContext, *names: str) -> None:
    """Refuse engines that the caller may not use; those that are not configured are let through.

    Raises:
        Forbidden: the caller may not use one of them.
    """
    for name in names:
        if not context.caller.may_use(name):
            raise Forbidden("The caller may not use this engine.", engine=name)


async def find_plan(context: RequestContext, name: str) -> BridgePlan:
    """Return a plan whose engines the caller may use.

    Raises:
        PlanNotFound: there is none. Forbidden: the caller may not use one of its engines.
    """
    plan = await plans(context).find(name)
    check_engines(context, plan.source, plan.target)
    return plan


async def find_link(context: RequestContext) -> Link:
    """Return the link that the path names by its id, or by the canonical id of either of its instances.

    Raises:
        LinkNotFound: there is none. Forbidden: the caller may not use one of its engines.
    """
    written = context.params[0]
    if _LINK_ID.fullmatch(written):
        link = await links(context).find(written)
    else:
        link = await _find_by_instance(context, written)
    check_engines(context, link.source.engine, link.target.engine)
    return link


async def _find_by_instance(context: RequestContext, written: str) -> Link:
    link = await links(context).records.find_by_side(parse_side(context, written))
    if link is None:
        raise LinkNotFound("This instance is in no link.")
    return link


def parse_side(context: RequestContext, written: str, pointer: str = "") -> Side:
    """Return the instance of a canonical id, in its engine's own spelling.

    Args:
        context: of the request.
        written: the id.
        pointer: where it stands in the body; empty = in the path.

    Raises:
        InvalidRequest: no ``engine:id``, or no instance of that engine can have this id.
        Forbidden: the caller may not use the engine.
    """
    check_storable(written, pointer, most=_MOST_CHARACTERS)
    engine, native = placing.split_behind(context.services.gateway, written, context.caller.may_use)
    if engine is None or not native:
        raise _refusal_of_id(context, written, pointer)
    return Side(engine.name, engine.native_id(native))


def parse_new_side(context: RequestContext, written: str, pointer: str = "") -> Side:
    """Return an instance that is to be linked, as ``parse_side`` does.

    Raises:
        Unsupported: its engine is sent the callers' own credentials, so it can be in no link.
    """
    side = parse_side(context, written, pointer)
    check_takes_part(context.services.gateway.engines[side.engine])
    return side


def check_storable(text: str, pointer: str = "", most: int | None = None) -> None:
    """Refuse a text that not every database can hold.

    Raises:
        InvalidRequest: it has a NUL character, or more than ``most`` characters.
    """
    detail = "It has a NUL character." if "\0" in text else None
    if most is not None and len(text) > most:
        detail = f"It has {len(text)} characters; {most} are the most."
    if detail is not None:
        raise InvalidRequest(detail, errors=(Fault(pointer, detail),) if pointer else ())


def _refusal_of_id(context: RequestContext, written: str, pointer: str) -> InvalidRequest:
    name, colon, _ = written.partition(":")
    known = not colon or name in context.services.gateway.engines
    detail = "An instance is named `engine:id` here." if known else "No engine of this name is configured."
    error = InvalidRequest(detail, errors=(Fault(pointer, detail),) if pointer else ())
    engine_choice.add_closest(context, written, error)
    return error


def check_match(context: RequestContext, tag: str) -> None:
    """Refuse a change whose ``If-Match`` does not name what is there.

    Raises:
        PreconditionFailed: it does not. InvalidRequest: not a list of tags.
    """
    given = context.request.headers.getall("If-Match", ())
    if not given:
        return
    tags = etag.parse_tags(", ".join(given))
    if not (tags.anything or tags.strongly(tag)):
        raise PreconditionFailed("It has changed since it was read.", headers=(("ETag", tag),))


def version_tag(number: int) -> str:
    """Return the entity tag of what has a version."""
    return f'"{number}"'


def moment(seconds: float) -> str:
    """Return a time of the store as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

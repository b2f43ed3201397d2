"""Handlers of ``/v1/bridge/links``. One handler for each route; imports are in ``bridge_import``."""

from __future__ import annotations

import hashlib
from typing import get_args

import msgspec

from gateway.bridge.linking import new_link
from gateway.errors import InvalidRequest
from gateway.model.bridge import Link, LinkFilter, LinkState, Side
from gateway.model.results import Instance
from gateway.nearest import suggestion
from gateway.operations import Target, instances
from gateway.plan import encode_path
from gateway.web.http import target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies
from gateway.web.v1.bridge_context import (
    check_change,
    check_match,
    check_storable,
    find_link,
    find_plan,
    links,
    parse_new_side,
    version_tag,
)
from gateway.web.v1.bridge_shapes import EventBody, LinkBody, link_shape
from gateway.web.v1.context import RequestContext

_MAX_LISTED = 1000
_create = msgspec.json.Decoder(LinkBody)
_event = msgspec.json.Decoder(EventBody)


async def list_links(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/links`` with one page, in the order of the links' ids."""
    wanted, limit = _filter(context)
    purpose = b"links\0" + hashlib.sha256(msgspec.json.encode((wanted, context.caller.name))).digest()
    cursors, cursor = context.services.cursors, context.query.get("cursor")
    after = "" if cursor is None else (await cursors.open(cursor, purpose)).decode()
    found = await links(context).records.list_some(wanted, after=after, limit=limit + 1)
    page, may_use = found[:limit], context.caller.may_use
    following = await cursors.seal(page[-1].id.encode(), purpose) if len(found) > limit else None
    shown = [link_shape(link) for link in page if may_use(link.source.engine) and may_use(link.target.engine)]
    return json_answer({"items": shown, "next": following})


def _filter(context: RequestContext) -> tuple[LinkFilter, int]:
    texts = {name: target.decoded(value, plus=True) for name, value in context.query.items()}
    limit = texts.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_LISTED:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_LISTED}.")
    state = texts.get("state")
    if state is not None and state not in get_args(LinkState):
        known = get_args(LinkState)
        raise InvalidRequest(f"Unknown state. Known: {', '.join(known)}.{suggestion(state, known)}")
    wanted = LinkFilter(
        plan=texts.get("plan"),
        state=msgspec.convert(state, LinkState | None),
        business_key=texts.get("businessKey"),
        stale=wants(texts, "stale"),
    )
    return wanted, int(limit)


def wants(texts: dict[str, str], name: str) -> bool | None:
    """Return a parameter that is ``true`` or ``false``, None where it is not there.

    Raises:
        InvalidRequest: it is something else.
    """
    known = {None: None, "true": True, "false": False}
    if texts.get(name) not in known:
        raise InvalidRequest(f"`{name}` is true or false.")
    return known[texts.get(name)]


async def create_link(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/links`` with 201; unless ``check=false``, both instances are looked at."""
    check_change(context)
    checked = wants(context.query, "check") is not False
    given = await bodies.decode(context, _create)
    source = parse_new_side(context, given.source, "/source")
    twin = parse_new_side(context, given.target, "/target")
    business_key = given.business_key
    check_storable(business_key or "", "/businessKey")
    if checked:
        first, second = await _describe(context, source), await _describe(context, twin)
        source, twin = Side(source.engine, first.id), Side(twin.engine, second.id)
        business_key = business_key or first.business_key
    if given.plan is not None:
        _ = await find_plan(context, given.plan)
    stored = await links(context).create(new_link(source, twin, given.plan, business_key), context.caller.name)
    location = ("Location", encode_path(("v1", "bridge", "links", stored.id)))
    return json_answer(link_shape(stored), status=201, headers=(location, _tag(stored)))


async def _describe(context: RequestContext, side: Side) -> Instance:
    gateway = context.services.gateway
    context.engine = side.engine
    return await instances.describe_instance(gateway, Target(gateway.engines[side.engine], side.native), context.call)


async def describe_link(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/links/{link}``."""
    link = await find_link(context)
    return json_answer(link_shape(link), headers=(_tag(link),))


async def remove_link(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/bridge/links/{link}``."""
    check_change(context)
    link = await find_link(context)
    check_match(context, version_tag(link.changed))
    await links(context).remove(link, context.caller.name)
    return Answer(status=204)


async def post_event(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/links/{link}/events``: what needs no engine happens at once."""
    check_change(context)
    given = await bodies.decode(context, _event)
    link = await find_link(context)
    check_match(context, version_tag(link.changed))
    stored = await links(context).apply(link, given.event, context.caller.name)
    return json_answer(link_shape(stored), headers=(_tag(stored),))


def _tag(link: Link) -> tuple[str, str]:
    return "ETag", version_tag(link.changed)

"""Handlers of ``/v1`` for instances. One handler for each route."""

from __future__ import annotations

import hashlib

import msgspec

from gateway.errors import InvalidRequest, Unsupported
from gateway.model import commands
from gateway.operations import Target, finding, instances
from gateway.operations.finding import InstancePage, InstancePosition
from gateway.operations.paging import LinkScope
from gateway.operations.placing_links import describe_link, public_id
from gateway.web.http import target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import conditions, engine_choice, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import locate_instance, wants_ended
from gateway.web.v1.query import search_answer

_MAX_FOUND = 1000
_positions = msgspec.json.Decoder(dict[str, InstancePosition])


async def describe_instance(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances/{instance}``."""
    ended = wants_ended(context.query)
    found = await locate_instance(context, ended=ended)
    instance = await instances.describe_instance(context.services.gateway, found, context.call, ended=ended)
    gateway, engine = context.services.gateway, found.engine.name
    shown = shapes.instance(engine, instance, public_id(gateway, engine, instance.id))
    link = describe_link(gateway, engine, instance.id)
    return json_answer(shown if link is None else shown | {"link": link})


async def find_instances(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances``, by business key, definition and engine; strict unless ``Prefer: handling=lenient``.

    An engine that cannot search this way is listed in ``engines``; it is a failure only if the caller named it.
    """
    query = context.query
    command, names = _search(context, query)
    included, linked = _include(query)
    if included:
        context.caller.require("variables:read")
    purpose = _purpose(context, command, names, linked)
    cursors = context.services.cursors
    cursor = query.get("cursor")
    positions = None if cursor is None else _positions.decode(await cursors.open(cursor, purpose))
    gateway = context.services.gateway
    page = await finding.find_page(gateway, names, command, positions, context.call, linked=linked)
    following = None if page.positions is None else await cursors.seal(msgspec.json.encode(page.positions), purpose)
    values = await _values(context, command, page) if included else [None] * len(page.instances)
    items = [
        shapes.instance(engine, instance, public_id(gateway, engine, instance.id))
        | ({} if found is None else {"variables": found})
        | ({"twin": True} if gateway.links.is_twin(engine, instance.id) else {})
        for (engine, instance), found in zip(page.instances, values, strict=True)
    ]
    shares = page.shares
    if "engines" not in query and any(share.error is None for share in shares):
        shares = tuple(share for share in shares if not isinstance(share.error, Unsupported))
    left_out = [share for share in page.shares if share not in shares]
    return search_answer(context, shares, {"items": items, "next": following}, left_out)


def _include(query: dict[str, str]) -> tuple[bool, LinkScope]:
    """Return whether variables are shown, and which linked instances are (``include``)."""
    wanted = target.names(query["include"]) if "include" in query else ()
    if not {"variables", "twins"} >= set(wanted):
        raise InvalidRequest("`include` is variables, twins, or both with a comma between.")
    return "variables" in wanted, LinkScope(twins="twins" in wanted)


def _purpose(
    context: RequestContext, command: commands.FindInstances, names: tuple[str, ...], linked: LinkScope
) -> bytes:
    """Return what a cursor is bound to: criteria, engines and caller; the size of a page may change."""
    bound = (command.business_key, command.definition, command.ended, names, linked.twins, context.caller.name)
    return b"instances\0" + hashlib.sha256(msgspec.json.encode(bound)).digest()


def _search(context: RequestContext, query: dict[str, str]) -> tuple[commands.FindInstances, tuple[str, ...]]:
    texts = {name: target.decoded(value, plus=True) for name, value in query.items() if name != "engines"}
    limit = texts.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_FOUND:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_FOUND}.")
    names = engine_choice.several(context, target.names(query["engines"]) if "engines" in query else None)
    command = commands.FindInstances(
        business_key=texts.get("businessKey") or None,
        definition=texts.get("definition") or None,
        limit=int(limit),
        ended=wants_ended(query),
    )
    return command, names


async def _values(
    context: RequestContext, command: commands.FindInstances, page: InstancePage
) -> list[list[dict[str, object]] | None]:
    """Return the variables of each instance; None for an instance that has ended since it was found."""
    gateway, view = context.services.gateway, conditions.view(context.caller)
    targets = [Target(gateway.engines[engine], instance.id) for engine, instance in page.instances]
    wanted = commands.ListVariables(instance="", ended=command.ended)
    found = await instances.list_for_each(gateway, targets, context.call, wanted)
    return [
        None if each is None else shapes.variables(view.tagged(each.variables), context.caller, None) for each in found
    ]

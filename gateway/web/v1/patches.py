"""Handlers of ``/v1`` that change some variables of the set, or a part of one value. One handler for each route."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from gateway.errors import Forbidden
from gateway.model import commands, jsonpatch, jsontext
from gateway.model.expect import Expect
from gateway.model.values import Value
from gateway.web.http import body, target
from gateway.web.http.answers import Answer
from gateway.web.v1 import bodies, conditions, engine_choice
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import locate_instance, require_names, scope
from gateway.web.v1.typed_values import Address
from gateway.web.v1.writes import write_variables

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
Build = Callable[..., commands.PatchVariables]
"""Builds a command whose changes are decoded already, once it is known which instance they are for."""


async def patch_variables(context: RequestContext) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``; ``names`` = what the tag of ``If-Match`` was made of."""
    query = context.query
    where = scope(query)
    names = target.names(query["names"]) if query.get("names") else None
    content = await bodies.receive(context)
    touched, build = _merge(context, content) if context.media_type == MERGE else _patch(context, content, where)
    require_names(context, touched)
    found = await locate_instance(context)
    expect = conditions.set_condition(context, found, names, touched)
    return await write_variables(context, found, build(instance=found.native, scope=where, expect=expect))


def _bounds(context: RequestContext) -> jsonpatch.Bounds:
    limits = context.services.limits
    return jsonpatch.Bounds(max_bytes=limits.max_body_bytes, max_depth=limits.max_depth)


def _patch(context: RequestContext, content: bytes, where: str) -> tuple[tuple[str, ...], Build]:
    """Return the names that are touched, and what builds the command of a patch."""

    def address() -> Address:
        return Address(instance=engine_choice.qualified(context), scope=where)

    decoded = bodies.patch(content, context.services.limits, address)
    modifications, deletions = decoded.modifications, tuple(dict.fromkeys(decoded.deletions))

    def build(*, instance: str, scope: str, expect: Expect | None) -> commands.PatchVariables:  # faster than a partial
        return commands.PatchVariables(
            instance=instance, scope=scope, expect=expect, modifications=modifications, deletions=deletions
        )

    return (*modifications, *deletions), build


def _merge(context: RequestContext, content: bytes) -> tuple[tuple[str, ...], Build]:
    """Return the names that are touched, and what builds the command of a merge patch.

    Null deletes, an object merges, anything else is set.
    """
    members = bodies.merge(content, context.services.limits)
    texts = {name: bytes(raw).strip() for name, raw in members.items()}
    build = partial(
        commands.PatchVariables,
        modifications={
            name: Value(value=msgspec.Raw(text)) for name, text in texts.items() if text != b"null" and text[:1] != b"{"
        },
        merges={name: msgspec.Raw(text) for name, text in texts.items() if text[:1] == b"{"},
        deletions=tuple(name for name, text in texts.items() if text == b"null"),
        pointers={name: "/" + jsontext.escape(name) for name in texts},
        bounds=_bounds(context),
    )
    return tuple(texts), build


async def patch_value(context: RequestContext) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables/{name}``: merge patch or JSON patch on the value."""
    where = scope(context.query)
    name = context.params[1]
    content = await bodies.receive(context)
    is_patch = context.media_type == JSON_PATCH
    build = _value_patch(context, name, content) if is_patch else _value_merge(context, name, content)
    require_names(context, (name,))
    if is_patch and context.caller.is_masked(name):
        raise Forbidden("A JSON patch tells what is there, and the variable's value is hidden from the caller.")
    found = await locate_instance(context)
    expect = conditions.variable_condition(context, found, name)
    command = build(instance=found.native, scope=where, expect=expect, pointers={name: ""}, bounds=_bounds(context))
    return await write_variables(context, found, command, single=True, shows=True)


def _value_patch(context: RequestContext, name: str, content: bytes) -> Build:
    limits = context.services.limits
    operations = jsonpatch.parse_patch(content, max_operations=limits.max_names, max_depth=limits.max_depth)
    return partial(commands.PatchVariables, patches={name: operations})


def _value_merge(context: RequestContext, name: str, content: bytes) -> Build:
    """Return what builds the command of a merge patch on a value: an object merges, anything else replaces it."""
    body.check_strict(content, context.services.limits)
    text = msgspec.Raw(content.strip())
    if content.lstrip()[:1] == b"{":
        return partial(commands.PatchVariables, merges={name: text})
    return partial(commands.PatchVariables, modifications={name: Value(value=text)})

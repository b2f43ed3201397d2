"""Handlers of ``/v1`` that change variables in parts: some of the set, or a part of one value. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.errors import Forbidden
from gateway.model import commands, jsonpatch, jsontext
from gateway.model.values import Value
from gateway.web.http import target
from gateway.web.http.answers import Answer
from gateway.web.v1 import bodies, conditions
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import located, may_touch, scope
from gateway.web.v1.typed_values import Address
from gateway.web.v1.writes import written

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


async def patch_variables(context: RequestContext) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``; ``names`` = what the tag of ``If-Match`` was made of."""
    query = context.query
    where = scope(query)
    names = target.names(query["names"]) if query.get("names") else None
    content = await bodies.receive(context)
    command = (
        _merge_command(context, content) if context.media_type == MERGE else _patch_command(context, content, where)
    )
    touched = (*command.written, *command.deletions)
    may_touch(context, touched)
    found = await located(context)
    expect = conditions.set_condition(context, found, names, touched)
    command = msgspec.structs.replace(command, instance=found.native, scope=where, expect=expect)
    return await written(context, found, command)


def _bounds(context: RequestContext) -> jsonpatch.Bounds:
    limits = context.services.limits
    return jsonpatch.Bounds(max_bytes=limits.max_body_bytes, max_depth=limits.max_depth)


def _patch_command(context: RequestContext, content: bytes, where: str) -> commands.PatchVariables:
    decoded = bodies.patch(content, context.services.limits, Address(instance=context.params[0], scope=where))
    return commands.PatchVariables(
        instance="", modifications=decoded.modifications, deletions=tuple(dict.fromkeys(decoded.deletions))
    )


def _merge_command(context: RequestContext, content: bytes) -> commands.PatchVariables:
    """Give the command of a merge patch: null deletes, an object merges, anything else is set."""
    members = bodies.merge(content, context.services.limits)
    texts = {name: bytes(raw).strip() for name, raw in members.items()}
    return commands.PatchVariables(
        instance="",
        modifications={
            name: Value(value=msgspec.Raw(text)) for name, text in texts.items() if text != b"null" and text[:1] != b"{"
        },
        merges={name: msgspec.Raw(text) for name, text in texts.items() if text[:1] == b"{"},
        deletions=tuple(name for name, text in texts.items() if text == b"null"),
        pointers={name: "/" + jsontext.escape(name) for name in texts},
        bounds=_bounds(context),
    )


async def patch_value(context: RequestContext) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables/{name}``: merge patch or JSON patch on the value."""
    where = scope(context.query)
    name = context.params[1]
    content = await bodies.receive(context)
    command = (
        _value_patch(context, name, content)
        if context.media_type == JSON_PATCH
        else _value_merge(context, name, content)
    )
    may_touch(context, (name,))
    if command.patches and context.caller.is_masked(name):
        raise Forbidden("A JSON patch tells what is there, and the variable's value is hidden from the caller.")
    found = await located(context)
    expect = conditions.variable_condition(context, found, name)
    command = msgspec.structs.replace(command, instance=found.native, scope=where, expect=expect)
    return await written(context, found, command, single=True, shows=True)


def _value_patch(context: RequestContext, name: str, content: bytes) -> commands.PatchVariables:
    limits = context.services.limits
    operations = jsonpatch.parsed(content, max_operations=limits.max_names, max_depth=limits.max_depth)
    return commands.PatchVariables(
        instance="", patches={name: operations}, pointers={name: ""}, bounds=_bounds(context)
    )


def _value_merge(context: RequestContext, name: str, content: bytes) -> commands.PatchVariables:
    """Give the command of a merge patch on a value: an object merges, anything else takes the value's place."""
    _ = jsontext.parse(content, depth=context.services.limits.max_depth)
    text = msgspec.Raw(content.strip())
    merges = content.lstrip()[:1] == b"{"
    return commands.PatchVariables(
        instance="",
        modifications={} if merges else {name: Value(value=text)},
        merges={name: text} if merges else {},
        pointers={name: ""},
        bounds=_bounds(context),
    )

"""Handlers of ``/v1`` that change variables in parts: some of the set, or a part of one value. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.errors import Forbidden
from gateway.model import commands, jsonpatch, jsontext
from gateway.model.values import Value
from gateway.web import body, conditions, target
from gateway.web.front import Answer, Exchange
from gateway.web.unified.asking import INSTANCE, located, may_touch, parameters, scope
from gateway.web.unified.writing import written

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
_VALUE = INSTANCE | {"scope"}
_SET = _VALUE | {"names"}


async def patch_variables(exchange: Exchange) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``; ``names`` = what the tag of ``If-Match`` was made of."""
    query = parameters(exchange, _SET, conditional=True)
    where = scope(query)
    names = target.names(query["names"]) if query.get("names") else None
    kind = body.media_type(exchange.request, "application/json", MERGE)
    content = await body.received(exchange.request, exchange.front.limits)
    command = _merge_command(exchange, content) if kind == MERGE else _patch_command(exchange, content)
    touched = (*command.written, *command.deletions)
    may_touch(exchange, touched)
    found = await located(exchange)
    expect = conditions.of_set(exchange, found, names, touched)
    command = msgspec.structs.replace(command, instance=found.native, scope=where, expect=expect)
    return await written(exchange, found, command)


def _bounds(exchange: Exchange) -> jsonpatch.Bounds:
    limits = exchange.front.limits
    return jsonpatch.Bounds(max_bytes=limits.max_body_bytes, max_depth=limits.max_depth)


def _patch_command(exchange: Exchange, content: bytes) -> commands.PatchVariables:
    decoded = body.patch(content, exchange.front.limits)
    return commands.PatchVariables(
        instance="", modifications=decoded.modifications, deletions=tuple(dict.fromkeys(decoded.deletions))
    )


def _merge_command(exchange: Exchange, content: bytes) -> commands.PatchVariables:
    """Give the command of a merge patch: null deletes, an object merges, anything else is set."""
    members = body.merge(content, exchange.front.limits)
    texts = {name: bytes(raw).strip() for name, raw in members.items()}
    return commands.PatchVariables(
        instance="",
        modifications={
            name: Value(value=msgspec.Raw(text)) for name, text in texts.items() if text != b"null" and text[:1] != b"{"
        },
        merges={name: msgspec.Raw(text) for name, text in texts.items() if text[:1] == b"{"},
        deletions=tuple(name for name, text in texts.items() if text == b"null"),
        pointers={name: "/" + jsontext.escape(name) for name in texts},
        bounds=_bounds(exchange),
    )


async def patch_value(exchange: Exchange) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables/{name}``: merge patch or JSON patch on the value."""
    where = scope(parameters(exchange, _VALUE, conditional=True))
    name = exchange.params[1]
    kind = body.media_type(exchange.request, MERGE, JSON_PATCH)
    content = await body.received(exchange.request, exchange.front.limits)
    command = _value_patch(exchange, name, content) if kind == JSON_PATCH else _value_merge(exchange, name, content)
    may_touch(exchange, (name,))
    if command.patches and exchange.caller.is_masked(name):
        raise Forbidden("A JSON patch tells what is there, and the variable's value is hidden from the caller.")
    found = await located(exchange)
    expect = conditions.of_one(exchange, found, name)
    command = msgspec.structs.replace(command, instance=found.native, scope=where, expect=expect)
    return await written(exchange, found, command, single=True, shows=True)


def _value_patch(exchange: Exchange, name: str, content: bytes) -> commands.PatchVariables:
    limits = exchange.front.limits
    operations = jsonpatch.parsed(content, max_operations=limits.max_names, max_depth=limits.max_depth)
    return commands.PatchVariables(
        instance="", patches={name: operations}, pointers={name: ""}, bounds=_bounds(exchange)
    )


def _value_merge(exchange: Exchange, name: str, content: bytes) -> commands.PatchVariables:
    """Give the command of a merge patch on a value: an object merges, anything else takes the value's place."""
    _ = jsontext.parse(content, depth=exchange.front.limits.max_depth)
    text = msgspec.Raw(content.strip())
    merges = content.lstrip()[:1] == b"{"
    return commands.PatchVariables(
        instance="",
        modifications={} if merges else {name: Value(value=text)},
        merges={name: text} if merges else {},
        pointers={name: ""},
        bounds=_bounds(exchange),
    )

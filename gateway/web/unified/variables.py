"""Handlers of ``/v1`` for the variables of one instance. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.errors import Forbidden
from gateway.model import commands
from gateway.model.values import Value
from gateway.operations import Target, variables
from gateway.web import binary, body, shapes, target
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified.asking import INSTANCE, fields, located, may_touch, parameters, preferences, scope

_LIST = INSTANCE | {"names", "fields", "scope"}
_ONE = INSTANCE | {"fields", "scope"}
_MERGE = "application/merge-patch+json"


async def list_variables(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables``."""
    query = parameters(exchange, _LIST)
    shown = fields(query)
    names = target.names(query["names"]) if query.get("names") else None
    found = await located(exchange)
    result = await variables.listed(exchange.front.gateway, found, names, scope(query), exchange.call)
    return json_answer({"variables": shapes.variables(result.variables, exchange.caller, shown)})


async def get_variable(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}``."""
    query = parameters(exchange, _ONE)
    shown = fields(query)
    name = exchange.params[1]
    may_touch(exchange, (name,))
    found = await located(exchange)
    variable = await variables.read(exchange.front.gateway, found, name, scope(query), exchange.call)
    return json_answer(shapes.variable(variable, exchange.caller, shown))


async def patch_variables(exchange: Exchange) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``."""
    _ = parameters(exchange, INSTANCE)
    kind = body.media_type(exchange.request, "application/json", _MERGE)
    content = await body.received(exchange.request, exchange.front.limits)
    command = _merge_command(exchange, content) if kind == _MERGE else _patch_command(exchange, content)
    may_touch(exchange, (*command.modifications, *command.merges, *command.deletions))
    found = await located(exchange)
    return await _write(exchange, found, msgspec.structs.replace(command, instance=found.native))


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
        pointers={name: "/" + name.replace("~", "~0").replace("/", "~1") for name in texts},
    )


async def put_variable(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}``."""
    _ = parameters(exchange, INSTANCE)
    name = exchange.params[1]
    _ = body.media_type(exchange.request, "application/json")
    content = await body.received(exchange.request, exchange.front.limits)
    value = body.value(content, exchange.front.limits)
    may_touch(exchange, (name,))
    found = await located(exchange)
    command = commands.PatchVariables(instance=found.native, modifications={name: value}, pointers={name: "/value"})
    return await _write(exchange, found, command, single=True)


async def delete_variable(exchange: Exchange) -> Answer:
    """Answer ``DELETE /v1/instances/{instance}/variables/{name}``."""
    _ = parameters(exchange, INSTANCE)
    name = exchange.params[1]
    may_touch(exchange, (name,))
    found = await located(exchange)
    return await _write(exchange, found, commands.PatchVariables(instance=found.native, deletions=(name,)))


async def read_data(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}/data``."""
    _ = parameters(exchange, INSTANCE)
    name = exchange.params[1]
    may_touch(exchange, (name,))
    if exchange.caller.is_masked(name):
        raise Forbidden("The variable's value is hidden from the caller.")
    return await binary.read(exchange, await located(exchange), name)


async def write_data(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}/data``."""
    _ = parameters(exchange, INSTANCE)
    may_touch(exchange, (exchange.params[1],))
    return await binary.write(exchange, await located(exchange), exchange.params[1])


async def post_data(exchange: Exchange) -> Answer:
    """Answer ``POST /v1/instances/{instance}/variables/{name}/data``, the same as PUT."""
    return await write_data(exchange)


async def _write(
    exchange: Exchange, found: Target, command: commands.PatchVariables, *, single: bool = False
) -> Answer:
    gateway = exchange.front.gateway
    preferred = preferences(exchange).get("return")
    if preferred != "representation":
        done = await variables.patched(gateway, found, command, exchange.call)
        applied = (("Preference-Applied", "return=minimal"),) if preferred == "minimal" else ()
        return Answer(status=204, headers=(*shapes.rules_header(done.rules), *applied))
    done, read = await variables.represented(gateway, found, command, exchange.call)
    listed = shapes.variables(read.variables, exchange.caller, None)
    shown = listed[0] if single and listed else {"variables": listed, "rules": done.rules}
    return json_answer(
        shown, headers=(*shapes.rules_header(done.rules), ("Preference-Applied", "return=representation"))
    )

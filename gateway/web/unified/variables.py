"""Handlers of ``/v1`` for the variables of one instance. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.errors import Forbidden
from gateway.model import commands
from gateway.model.values import Value
from gateway.operations import Target, variables
from gateway.web import binary, body, shapes, target
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified.asking import INSTANCE, any_state, fields, located, may_touch, parameters, preferences, scope

_WRITE = INSTANCE | {"scope"}
_DATA = _WRITE | {"state"}
_ONE = _DATA | {"fields"}
_LIST = _ONE | {"names"}
_MERGE = "application/merge-patch+json"


async def list_variables(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables``."""
    query = parameters(exchange, _LIST)
    shown = fields(query)
    names = target.names(query["names"]) if query.get("names") else None
    where, ended = scope(query, lists=True), any_state(query)
    found = await located(exchange, ended=ended)
    command = commands.ListVariables(instance=found.native, names=names, scope=where, ended=ended)
    result = await variables.listed(exchange.front.gateway, found, command, exchange.call)
    return json_answer({"variables": shapes.variables(result.variables, exchange.caller, shown)})


async def get_variable(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}``."""
    query = parameters(exchange, _ONE)
    shown = fields(query)
    name = exchange.params[1]
    may_touch(exchange, (name,))
    where, ended = scope(query), any_state(query)
    found = await located(exchange, ended=ended)
    command = commands.GetVariable(instance=found.native, name=name, scope=where, ended=ended)
    variable = await variables.read(exchange.front.gateway, found, command, exchange.call)
    return json_answer(shapes.variable(variable, exchange.caller, shown))


async def patch_variables(exchange: Exchange) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``."""
    where = scope(parameters(exchange, _WRITE))
    kind = body.media_type(exchange.request, "application/json", _MERGE)
    content = await body.received(exchange.request, exchange.front.limits)
    command = _merge_command(exchange, content) if kind == _MERGE else _patch_command(exchange, content)
    may_touch(exchange, (*command.modifications, *command.merges, *command.deletions))
    found = await located(exchange)
    return await _write(exchange, found, msgspec.structs.replace(command, instance=found.native, scope=where))


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
    where = scope(parameters(exchange, _WRITE))
    name = exchange.params[1]
    _ = body.media_type(exchange.request, "application/json")
    content = await body.received(exchange.request, exchange.front.limits)
    value = body.value(content, exchange.front.limits)
    may_touch(exchange, (name,))
    found = await located(exchange)
    command = commands.PatchVariables(
        instance=found.native, scope=where, modifications={name: value}, pointers={name: "/value"}
    )
    return await _write(exchange, found, command, single=True)


async def delete_variable(exchange: Exchange) -> Answer:
    """Answer ``DELETE /v1/instances/{instance}/variables/{name}``."""
    where = scope(parameters(exchange, _WRITE))
    name = exchange.params[1]
    may_touch(exchange, (name,))
    found = await located(exchange)
    return await _write(exchange, found, commands.PatchVariables(instance=found.native, scope=where, deletions=(name,)))


async def read_data(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}/data``."""
    query = parameters(exchange, _DATA)
    where, ended = scope(query), any_state(query)
    name = exchange.params[1]
    may_touch(exchange, (name,))
    if exchange.caller.is_masked(name):
        raise Forbidden("The variable's value is hidden from the caller.")
    found = await located(exchange, ended=ended)
    command = commands.ReadBinary(instance=found.native, name=name, scope=where, ended=ended)
    return await binary.read(exchange, found, command)


async def write_data(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}/data``."""
    where = scope(parameters(exchange, _WRITE))
    may_touch(exchange, (exchange.params[1],))
    return await binary.write(exchange, await located(exchange), exchange.params[1], where)


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

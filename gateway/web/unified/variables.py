"""Handlers of ``/v1`` for the variables of one instance. One handler a route."""

from __future__ import annotations

from gateway.errors import Forbidden
from gateway.model import commands
from gateway.model.expect import set_tag
from gateway.operations import variables
from gateway.web import binary, body, conditions, shapes, target
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified.asking import INSTANCE, any_state, fields, located, may_touch, metadata, parameters, scope
from gateway.web.unified.writing import written

_WRITE = INSTANCE | {"scope"}
_DATA = _WRITE | {"state"}
_ONE = _DATA | {"fields", "include"}
_LIST = _ONE | {"names"}


async def list_variables(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables``."""
    query = parameters(exchange, _LIST)
    shown = fields(query)
    names = target.names(query["names"]) if query.get("names") else None
    with_metadata = metadata(query)
    where, ended = scope(query, lists=True), any_state(query)
    found = await located(exchange, ended=ended)
    command = commands.ListVariables(
        instance=found.native, names=names, scope=where, ended=ended, metadata=with_metadata
    )
    result = await variables.listed(exchange.front.gateway, found, command, exchange.call)
    tagged = conditions.view(exchange.caller).tagged(result.variables)
    tag = conditions.told(set_tag(tagged), weakly=with_metadata)
    same = conditions.unmodified(exchange, tag)
    if same is not None:
        return same
    own = [(each, conditions.told(tag, weakly=with_metadata)) for each, tag in tagged]
    return json_answer({"variables": shapes.variables(own, exchange.caller, shown)}, headers=conditions.headers(tag))


async def get_variable(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}``."""
    query = parameters(exchange, _ONE)
    shown = fields(query)
    name = exchange.params[1]
    with_metadata = metadata(query)
    may_touch(exchange, (name,))
    where, ended = scope(query), any_state(query)
    found = await located(exchange, ended=ended)
    command = commands.GetVariable(instance=found.native, name=name, scope=where, ended=ended, metadata=with_metadata)
    variable = await variables.read(exchange.front.gateway, found, command, exchange.call)
    own = conditions.view(exchange.caller).tag(variable, strong_binary=found.engine.policy.strong_binary)
    tag = conditions.told(own, weakly=with_metadata)
    same = conditions.unmodified(exchange, tag)
    if same is not None:
        return same
    return json_answer(shapes.variable(variable, exchange.caller, shown), headers=conditions.headers(tag))


async def put_variable(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}``."""
    where = scope(parameters(exchange, _WRITE, conditional=True))
    name = exchange.params[1]
    _ = body.media_type(exchange.request, "application/json")
    content = await body.received(exchange.request, exchange.front.limits)
    value = body.value(content, exchange.front.limits)
    may_touch(exchange, (name,))
    found = await located(exchange)
    command = commands.PatchVariables(
        instance=found.native,
        scope=where,
        modifications={name: value},
        pointers={name: "/value"},
        expect=conditions.of_one(exchange, found, name),
    )
    return await written(exchange, found, command, single=True)


async def delete_variable(exchange: Exchange) -> Answer:
    """Answer ``DELETE /v1/instances/{instance}/variables/{name}``."""
    where = scope(parameters(exchange, _WRITE, conditional=True))
    name = exchange.params[1]
    may_touch(exchange, (name,))
    found = await located(exchange)
    command = commands.PatchVariables(
        instance=found.native, scope=where, deletions=(name,), expect=conditions.of_one(exchange, found, name)
    )
    return await written(exchange, found, command)


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
    where = scope(parameters(exchange, _WRITE, conditional=True))
    name = exchange.params[1]
    may_touch(exchange, (name,))
    found = await located(exchange)
    place = binary.Place(target=found, name=name, scope=where, expect=conditions.of_one(exchange, found, name))
    return await binary.write(exchange, place)


async def post_data(exchange: Exchange) -> Answer:
    """Answer ``POST /v1/instances/{instance}/variables/{name}/data``, the same as PUT."""
    return await write_data(exchange)

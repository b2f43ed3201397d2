"""Handlers of ``/v1`` for the variables of one instance. One handler for each route."""

from __future__ import annotations

from gateway.errors import Forbidden
from gateway.model import commands
from gateway.model.expect import set_tag
from gateway.operations import variables
from gateway.web.http import target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import binary, bodies, conditions, engine_choice, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import (
    fields,
    locate_instance,
    require_names,
    scope,
    wants_ended,
    wants_metadata,
)
from gateway.web.v1.typed_values import Address
from gateway.web.v1.writes import write_variables


async def list_variables(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables``."""
    query = context.query
    shown = fields(query)
    names = target.names(query["names"]) if query.get("names") else None
    with_metadata = wants_metadata(query)
    where, ended = scope(query, lists=True), wants_ended(query)
    found = await locate_instance(context, ended=ended)
    command = commands.ListVariables(
        instance=found.native, names=names, scope=where, ended=ended, metadata=with_metadata
    )
    result = await variables.list_variables(context.services.gateway, found, command, context.call)
    tagged = conditions.view(context.caller).tagged(result.variables)
    tag = conditions.shown_tag(set_tag(tagged), weakly=with_metadata)
    same = conditions.unmodified(context, tag)
    if same is not None:
        return same
    own = [(each, conditions.shown_tag(tag, weakly=with_metadata)) for each, tag in tagged]
    return json_answer({"variables": shapes.variables(own, context.caller, shown)}, headers=conditions.headers(tag))


async def get_variable(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}``."""
    query = context.query
    shown = fields(query)
    name = context.params[1]
    with_metadata = wants_metadata(query)
    require_names(context, (name,))
    where, ended = scope(query), wants_ended(query)
    found = await locate_instance(context, ended=ended)
    command = commands.GetVariable(instance=found.native, name=name, scope=where, ended=ended, metadata=with_metadata)
    variable = await variables.get_variable(context.services.gateway, found, command, context.call)
    own = conditions.view(context.caller).tag(variable, strong_binary=found.engine.policy.strong_binary)
    tag = conditions.shown_tag(own, weakly=with_metadata)
    same = conditions.unmodified(context, tag)
    if same is not None:
        return same
    return json_answer(shapes.variable(variable, context.caller, shown), headers=conditions.headers(tag))


async def put_variable(context: RequestContext) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}``."""
    where = scope(context.query)
    name = context.params[1]
    content = await bodies.receive(context)
    address = Address(instance=engine_choice.qualified(context), scope=where, name=name)
    value = bodies.value(content, context.services.limits, address)
    require_names(context, (name,))
    found = await locate_instance(context)
    command = commands.PatchVariables(
        instance=found.native,
        scope=where,
        modifications={name: value},
        pointers={name: "/value"},
        expect=conditions.variable_condition(context, found, name),
    )
    return await write_variables(context, found, command, single=True)


async def delete_variable(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/instances/{instance}/variables/{name}``."""
    where = scope(context.query)
    name = context.params[1]
    require_names(context, (name,))
    found = await locate_instance(context)
    command = commands.PatchVariables(
        instance=found.native,
        scope=where,
        deletions=(name,),
        pointers={name: ""},
        expect=conditions.variable_condition(context, found, name),
    )
    return await write_variables(context, found, command)


async def read_data(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}/data``."""
    query = context.query
    where, ended = scope(query), wants_ended(query)
    name = context.params[1]
    require_names(context, (name,))
    if context.caller.is_masked(name):
        raise Forbidden("The variable's value is hidden from the caller.")
    found = await locate_instance(context, ended=ended)
    command = commands.ReadBinary(instance=found.native, name=name, scope=where, ended=ended)
    return await binary.read(context, found, command)


async def write_data(context: RequestContext) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}/data``."""
    where = scope(context.query)
    name = context.params[1]
    require_names(context, (name,))
    found = await locate_instance(context)
    place = binary.ContentTarget(
        target=found, name=name, scope=where, expect=conditions.variable_condition(context, found, name)
    )
    return await binary.write(context, place)


async def post_data(context: RequestContext) -> Answer:
    """Answer ``POST /v1/instances/{instance}/variables/{name}/data``, the same as PUT."""
    return await write_data(context)

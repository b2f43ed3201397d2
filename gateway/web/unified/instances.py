"""Handlers of ``/v1`` for instances. One handler a route."""

from __future__ import annotations

from gateway.errors import EngineNotFound, Forbidden, InvalidRequest, Unsupported
from gateway.model import commands
from gateway.operations import Target, instances, variables
from gateway.web import conditions, shapes, target
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.problems import problem
from gateway.web.unified.asking import INSTANCE, any_state, located, parameters, preferences

_FIND = frozenset({"businessKey", "definition", "engines", "include", "limit"})
_MAX_FOUND = 1000


async def describe_instance(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}``."""
    ended = any_state(parameters(exchange, INSTANCE | {"state"}))
    found = await located(exchange, ended=ended)
    instance = await instances.described(exchange.front.gateway, found, exchange.call, ended=ended)
    return json_answer(shapes.instance(found.engine.name, instance))


async def find_instances(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances?businessKey=&definition=``; strict unless ``Prefer: handling=lenient``."""
    query = parameters(exchange, _FIND)
    command, names = _search(exchange, query)
    results = await instances.found(exchange.front.gateway, names, command, exchange.call)
    if "engines" not in query and any(result.error is None for result in results):
        results = tuple(result for result in results if not isinstance(result.error, Unsupported))
    failures = [result.error for result in results if result.error is not None]
    lenient = preferences(exchange).get("handling") == "lenient" and len(failures) < len(results)
    if failures and not lenient:
        raise failures[0]
    items = [
        shapes.instance(result.engine, instance) | await _inclusion(exchange, query, result.engine, instance.id)
        for result in results
        for instance in result.instances
    ]
    engines = [
        shapes.engine_status(
            result.engine, len(result.instances), None if result.error is None else problem(result.error)
        )
        for result in results
    ]
    return json_answer({"items": items, "next": None, "engines": engines})


def _search(exchange: Exchange, query: dict[str, str]) -> tuple[commands.FindInstances, tuple[str, ...]]:
    texts = {name: target.decoded(value, plus=True) for name, value in query.items() if name != "engines"}
    if not (texts.get("businessKey") or texts.get("definition")):
        raise InvalidRequest("Give `businessKey` or `definition`.")
    limit = texts.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_FOUND:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_FOUND}.")
    if texts.get("include", "variables") != "variables":
        raise InvalidRequest("`include` is variables.")
    known = exchange.front.gateway.engines
    names = target.names(query["engines"]) if "engines" in query else tuple(filter(exchange.caller.may_use, known))
    if any(name not in known for name in names):
        raise EngineNotFound
    if not names or not all(map(exchange.caller.may_use, names)):
        raise Forbidden("The caller may not use this engine.")
    command = commands.FindInstances(
        business_key=texts.get("businessKey") or None, definition=texts.get("definition") or None, limit=int(limit)
    )
    return command, names


async def _inclusion(exchange: Exchange, query: dict[str, str], engine: str, native: str) -> dict[str, object]:
    if "include" not in query:
        return {}
    exchange.caller.require("variables:read")
    gateway = exchange.front.gateway
    found = Target(gateway.engines[engine], native)
    result = await variables.listed(gateway, found, commands.ListVariables(instance=native), exchange.call)
    tagged = conditions.view(exchange.caller).tagged(result.variables)
    return {"variables": shapes.variables(tagged, exchange.caller, None)}

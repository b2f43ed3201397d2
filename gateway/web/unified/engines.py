"""Handlers of ``/v1`` for engines. One handler a route."""

from __future__ import annotations

from gateway.errors import EngineNotFound, Forbidden
from gateway.operations import instances
from gateway.port import Engine
from gateway.web import shapes
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified.asking import parameters


async def list_engines(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/engines``."""
    _ = parameters(exchange, frozenset())
    engines = [engine for name, engine in exchange.front.gateway.engines.items() if exchange.caller.may_use(name)]
    return json_answer({"engines": [await _engine(exchange, engine) for engine in engines]})


async def describe_engine(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/engines/{engine}``."""
    _ = parameters(exchange, frozenset())
    name = exchange.params[0]
    if name not in exchange.front.gateway.engines:
        raise EngineNotFound
    if not exchange.caller.may_use(name):
        raise Forbidden("The caller may not use this engine.")
    exchange.engine = name
    return json_answer(await _engine(exchange, exchange.front.gateway.engines[name]))


async def _engine(exchange: Exchange, engine: Engine) -> dict[str, object]:
    return shapes.engine(engine, await instances.health(exchange.front.gateway, engine, exchange.call))

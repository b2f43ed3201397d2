"""Handlers of ``/v1`` for engines. One handler for each route."""

from __future__ import annotations

from gateway.operations import instances
from gateway.port import Engine
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import engine_choice, shapes
from gateway.web.v1.context import RequestContext


async def list_engines(context: RequestContext) -> Answer:
    """Answer ``GET /v1/engines``."""
    engines = [engine for name, engine in context.services.gateway.engines.items() if context.caller.may_use(name)]
    return json_answer({"engines": [await _engine(context, engine) for engine in engines]})


async def describe_engine(context: RequestContext) -> Answer:
    """Answer ``GET /v1/engines/{engine}``."""
    return json_answer(await _engine(context, engine_choice.use(context, context.params[0])))


async def _engine(context: RequestContext, engine: Engine) -> dict[str, object]:
    return shapes.engine(engine, await instances.check_health(context.services.gateway, engine, context.call))

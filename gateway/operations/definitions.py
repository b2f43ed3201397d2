"""Operations on definitions: what instances can be started of."""

from __future__ import annotations

from gateway.model.commands import ListDefinitions
from gateway.model.results import DefinitionsListed
from gateway.operations.gateway import Gateway
from gateway.plan import Call
from gateway.port import Engine


async def list_definitions(gateway: Gateway, engine: Engine, command: ListDefinitions, call: Call) -> DefinitionsListed:
    """List the definitions of an engine of which instances can be started."""
    return await gateway.run(engine.name, engine.list_definitions(command), call)

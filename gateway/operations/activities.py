"""Operations on the tokens of one instance: where they are, and moving them."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.model.commands import ListActivities
from gateway.model.modification import ModifyInstance
from gateway.model.results import ActivitiesListed, InstanceModified
from gateway.operations.gateway import Gateway, Target
from gateway.operations.write import under_lock, write_instance
from gateway.plan import Call


async def list_activities(gateway: Gateway, target: Target, command: ListActivities, call: Call) -> ActivitiesListed:
    """List where the tokens are."""
    return await gateway.run(target.engine.name, target.engine.list_activities(command), call)


async def modify_instance(gateway: Gateway, target: Target, command: ModifyInstance, call: Call) -> InstanceModified:
    """Cancel and start activities."""

    def work(placed: Target) -> Awaitable[InstanceModified]:
        plan = placed.engine.modify_instance(under_lock(command, placed))
        return gateway.run(placed.engine.name, plan, call)

    return await write_instance(gateway, target, call, work, beyond="Its tokens were moved.")

"""Operations on the tokens of one instance. A modification takes the instance's write lane; looking never does."""

from __future__ import annotations

from gateway.model.commands import ListActivities
from gateway.model.modification import ModifyInstance
from gateway.model.results import Activity, InstanceModified
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


async def listed(gateway: Gateway, target: Target, call: Call) -> tuple[Activity, ...]:
    """List where the tokens are."""
    plan = target.engine.list_activities(ListActivities(instance=target.native))
    return (await gateway.run(target.engine.name, plan, call)).activities


async def modified(gateway: Gateway, target: Target, command: ModifyInstance, call: Call) -> InstanceModified:
    """Cancel and start, alone in the instance's lane."""

    async def work() -> InstanceModified:
        return await gateway.run(target.engine.name, target.engine.modify_instance(command), call)

    return await gateway.locks.hold(target.lock, call, work)

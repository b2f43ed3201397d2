"""Operations that start instances, move them on and end them: start, task, message, state."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.model import lifecycle
from gateway.model.results import InstanceStarted, MessageCorrelated, StateChanged, TaskCompleted
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import locate_owner
from gateway.operations.write import under_lock, write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Engine


async def start_instance(
    gateway: Gateway, engine: Engine, command: lifecycle.StartInstance, call: Call
) -> InstanceStarted:
    """Start an instance; nobody else knows it yet, so there is no lock to take."""
    return await write_unlocked(call, lambda: gateway.run(engine.name, engine.start_instance(command), call))


async def complete_task(gateway: Gateway, engine: Engine, command: lifecycle.CompleteTask, call: Call) -> TaskCompleted:
    """Complete a task under the write lock of its instance.

    Raises:
        TaskNotFound: there is no such task, or it is completed.
    """

    def work(_: Target) -> Awaitable[TaskCompleted]:
        return gateway.run(engine.name, engine.complete_task(command), call)

    return await write_instance(gateway, await locate_owner(gateway, engine, command.task, call), call, work)


async def change_state(gateway: Gateway, target: Target, command: lifecycle.ChangeState, call: Call) -> StateChanged:
    """Suspend an instance, let it go on, or terminate it."""

    def work(placed: Target) -> Awaitable[StateChanged]:
        plan = placed.engine.change_state(under_lock(command, placed))
        return gateway.run(placed.engine.name, plan, call)

    return await write_instance(gateway, target, call, work)


async def correlate_message(
    gateway: Gateway, receiver: Engine | Target, command: lifecycle.CorrelateMessage, call: Call
) -> MessageCorrelated:
    """Hand a message to the instance that is named, or to whichever of an engine's instances wait for it."""
    engine = receiver.engine if isinstance(receiver, Target) else receiver

    def work(_: Target | None = None) -> Awaitable[MessageCorrelated]:
        return gateway.run(engine.name, engine.correlate_message(command), call)

    if isinstance(receiver, Target):
        return await write_instance(gateway, receiver, call, work)
    return await write_unlocked(call, work)

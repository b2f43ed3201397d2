"""Operations that start instances, move them on and end them: start, task, message, state."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from gateway.model import lifecycle
from gateway.model.results import InstanceStarted, MessageCorrelated, StateChanged, TaskCompleted, TaskDescribed
from gateway.operations.gateway import Gateway, Target
from gateway.operations.write import under_lock, write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Engine


async def start_instance(
    gateway: Gateway, engine: Engine, command: lifecycle.StartInstance, call: Call
) -> InstanceStarted:
    """Start an instance; nobody else knows it yet, so there is no lock to take."""
    return await write_unlocked(call, lambda: gateway.run(engine.name, engine.start_instance(command), call))


async def describe_task(gateway: Gateway, engine: Engine, command: lifecycle.DescribeTask, call: Call) -> TaskDescribed:
    """Read one task.

    Raises:
        TaskNotFound: there is no such task, or it is completed and completed ones do not count.
    """
    return await gateway.run(engine.name, engine.describe_task(command), call)


async def complete_task(gateway: Gateway, owner: Target, command: lifecycle.CompleteTask, call: Call) -> TaskCompleted:
    """Complete a task under the write lock of the instance that it belongs to (``placing.locate_owner``).

    Raises:
        TaskNotFound: there is no such task, or it is completed.
    """

    def work(placed: Target) -> Awaitable[TaskCompleted]:
        return gateway.run(placed.engine.name, placed.engine.complete_task(command), call)

    return await write_instance(gateway, owner, call, work, beyond="A task was completed.")


async def change_state(gateway: Gateway, target: Target, command: lifecycle.ChangeState, call: Call) -> StateChanged:
    """Suspend an instance, let it go on, or terminate it."""

    def work(placed: Target) -> Awaitable[StateChanged]:
        return change_state_under_lock(gateway, placed, command, call)

    return await write_instance(gateway, target, call, work, beyond="Its state was changed.")


def change_state_under_lock(
    gateway: Gateway, placed: Target, command: lifecycle.ChangeState, call: Call
) -> Awaitable[StateChanged]:
    """Change the state of an instance whose write lock is held already."""
    plan = placed.engine.change_state(under_lock(command, placed))
    return gateway.run(placed.engine.name, plan, call)


async def correlate_message(
    gateway: Gateway, receiver: Engine | Target, command: lifecycle.CorrelateMessage, call: Call
) -> MessageCorrelated:
    """Hand a message to the instance that is named, or to whichever of an engine's instances wait for it."""
    engine = receiver.engine if isinstance(receiver, Target) else receiver

    def work(_: Target | None = None) -> Awaitable[MessageCorrelated]:
        return gateway.run(engine.name, engine.correlate_message(command), call)

    if isinstance(receiver, Target):  # the receivers are named as the engine names them, so it stays this engine
        pinned = msgspec.structs.replace(receiver, pinned=True)
        return await write_instance(gateway, pinned, call, work, beyond="A message was correlated.")
    return await write_unlocked(call, work)

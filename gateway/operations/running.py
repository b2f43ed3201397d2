"""Operations that begin instances and bring them on. What is about a known instance takes its write lane."""

from __future__ import annotations

from gateway.model import running
from gateway.model.results import InstanceStarted, MessageCorrelated, TaskCompleted
from gateway.operations.gateway import Gateway, Target
from gateway.operations.locks import claim_key
from gateway.plan import Call
from gateway.port import Engine


async def started(gateway: Gateway, engine: Engine, command: running.StartInstance, call: Call) -> InstanceStarted:
    """Start an instance; nobody else knows it yet, so there is no lane."""
    await claim_key(call)
    return await gateway.run(engine.name, engine.start_instance(command), call)


async def completed(gateway: Gateway, engine: Engine, command: running.CompleteTask, call: Call) -> TaskCompleted:
    """Complete a task, alone in the lane of its instance.

    Raises:
        TaskNotFound: there is none, or it is completed.
    """
    asked = running.DescribeTask(task=command.task)
    owner = (await gateway.run(engine.name, engine.describe_task(asked), call)).instance

    async def work() -> TaskCompleted:
        return await gateway.run(engine.name, engine.complete_task(command), call)

    lock = Target(engine, owner).lock if owner is not None else (engine.name, f"task {command.task}")
    return await gateway.locks.hold(lock, call, work)


async def correlated(
    gateway: Gateway, engine: Engine, command: running.CorrelateMessage, call: Call
) -> MessageCorrelated:
    """Hand a message to who waits for it; alone in the lane of the instance where one is named."""

    async def work() -> MessageCorrelated:
        return await gateway.run(engine.name, engine.correlate_message(command), call)

    if command.instance is None:
        await claim_key(call)
        return await work()
    return await gateway.locks.hold(Target(engine, command.instance).lock, call, work)

"""Operations on instances and engines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from gateway.errors import InstanceNotFound, VarbridgeError
from gateway.model import commands
from gateway.model.results import Instance, VariablesListed
from gateway.operations import variables
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import place
from gateway.plan import Call
from gateway.port import Engine

HEALTH_S = 2.0
"""Longest wait for an engine to say that it lives; people and probes look at the answer."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an engine answers, and as what."""

    up: bool
    version: str | None = None
    code: str | None = None


async def describe_instance(gateway: Gateway, target: Target, call: Call, *, ended: bool = False) -> Instance:
    """Describe one instance; with ``ended`` also one that has ended.

    Raises:
        InstanceNotFound: the id turns out to be inside of an instance that is on another engine now.
    """
    command = commands.DescribeInstance(instance=target.native, ended=ended)
    found = await gateway.run(target.engine.name, target.engine.describe_instance(command), call)
    gateway.routing.remember_root(target.engine.name, target.native, found.instance.id)
    if gateway.links.active:
        _ = place(gateway, target)
    return found.instance


async def list_for_each(
    gateway: Gateway, targets: Sequence[Target], call: Call, wanted: commands.ListVariables
) -> list[VariablesListed | None]:
    """List the variables of many instances, some at a time; in order, with None where an instance is gone.

    Args:
        gateway: whose engines they are on.
        targets: the instances.
        call: the budget.
        wanted: which variables; its instance does not matter.

    Raises:
        VarbridgeError: the first failure of another kind.
    """

    async def listed(target: Target) -> VariablesListed | None:
        command = msgspec.structs.replace(wanted, instance=target.native)
        try:
            return await variables.list_variables(gateway, target, command, call)
        except InstanceNotFound:
            return None

    found: list[VariablesListed | None] = []
    for each in await gather_bounded([listed(target) for target in targets]):
        if isinstance(each, VarbridgeError):
            raise each
        found.append(each)
    return found


async def check_health(gateway: Gateway, engine: Engine, call: Call) -> Health:
    """Ask an engine whether it lives; an engine that does not answer is down, and no error."""
    soon = asyncio.get_running_loop().time() + HEALTH_S
    short = msgspec.structs.replace(call, deadline=min(call.deadline, soon), engine_calls=0, engine_s=0.0)
    try:
        answer = await gateway.run(engine.name, engine.describe_engine(commands.DescribeEngine()), short)
    except VarbridgeError as error:
        return Health(up=False, code=error.code)
    finally:
        call.engine_calls += short.engine_calls
        call.engine_s += short.engine_s
    return Health(up=True, version=answer.version)

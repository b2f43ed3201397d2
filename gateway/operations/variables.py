"""Operations on the variables of one instance. Writes take its lane; reads never do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from gateway.errors import VarbridgeError
from gateway.model import commands
from gateway.model.results import Variable, VariablesListed, VariablesPatched
from gateway.operations.gateway import Gateway, Target
from gateway.operations.idempotency import intents
from gateway.plan import Call


async def listed(gateway: Gateway, target: Target, command: commands.ListVariables, call: Call) -> VariablesListed:
    """List variables."""
    found = await gateway.run(target.engine.name, target.engine.list_variables(command), call)
    gateway.routing.rooted(target.engine.name, target.native, found.root)
    return found


async def read(gateway: Gateway, target: Target, command: commands.GetVariable, call: Call) -> Variable:
    """Read one variable."""
    return (await gateway.run(target.engine.name, target.engine.get_variable(command), call)).variable


def patched(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> Awaitable[VariablesPatched]:
    """Set, change in parts and delete, alone in the instance's lane."""
    _intend(target, command, call)
    return _alone(gateway, target, call, lambda placed: _patched(gateway, placed, command, call))


async def represented(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> tuple[VariablesPatched, VariablesListed]:
    """Patch, then read what was touched, in one stay in the lane: what is shown is what this write has made.

    Raises:
        VarbridgeError: with ``outcome`` applied when only the read failed.
    """
    wanted = commands.ListVariables(instance=target.native, names=command.written, scope=command.scope, seen=True)
    shown = VariablesListed(())

    async def work(placed: Target) -> VariablesPatched:
        nonlocal shown
        done = await _patched(gateway, placed, command, call)
        if done.elsewhere is None:
            try:
                shown = await listed(gateway, placed, wanted, call)
            except VarbridgeError as error:
                error.outcome = "applied"
                raise
        return done

    _intend(target, command, call)
    done = await _alone(gateway, target, call, work)
    return done, shown


async def _alone(
    gateway: Gateway, target: Target, call: Call, work: Callable[[Target], Awaitable[VariablesPatched]]
) -> VariablesPatched:
    """Work in the lane; once more in the right one where the plan finds the id to be inside another instance."""
    while True:
        placed = gateway.placed(target)
        done = await gateway.locks.hold(placed.lock, call, partial(work, placed))
        if done.elsewhere is None:
            return done
        gateway.routing.rooted(target.engine.name, target.native, done.elsewhere)


def _patched(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> Awaitable[VariablesPatched]:
    """Patch; what a rehearsal has not written is not there to be read back."""
    verify = target.engine.policy.verify == "after" and not gateway.rehearses
    if verify or target.root is not None:
        command = msgspec.structs.replace(command, verify=verify, root=target.root)
    return gateway.run(target.engine.name, target.engine.patch_variables(command), call)


def _intend(target: Target, command: commands.PatchVariables, call: Call) -> None:
    """Say what a read would find, where the write carries an idempotency key."""
    if call.claim is not None:
        call.intended = intents.intended(target, command)

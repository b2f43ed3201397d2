"""Operations on the variables of one instance. Writes take its lane; reads never do."""

from __future__ import annotations

import msgspec

from gateway.errors import VarbridgeError
from gateway.model import commands
from gateway.model.results import Variable, VariablesListed, VariablesPatched
from gateway.operations import intents
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


async def listed(gateway: Gateway, target: Target, command: commands.ListVariables, call: Call) -> VariablesListed:
    """List variables."""
    return await gateway.run(target.engine.name, target.engine.list_variables(command), call)


async def read(gateway: Gateway, target: Target, command: commands.GetVariable, call: Call) -> Variable:
    """Read one variable."""
    return (await gateway.run(target.engine.name, target.engine.get_variable(command), call)).variable


async def patched(gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call) -> VariablesPatched:
    """Set, change in parts and delete, alone in the instance's lane."""
    _intend(target, command, call)

    async def work() -> VariablesPatched:
        return await _patched(gateway, target, command, call)

    return await gateway.lanes.write(target.lane, call, work)


async def _patched(gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call) -> VariablesPatched:
    """Patch; what a rehearsal has not written is not there to be read back."""
    verify = target.engine.policy.verify == "after" and not gateway.rehearses
    if verify:
        command = msgspec.structs.replace(command, verify=True)
    return await gateway.run(target.engine.name, target.engine.patch_variables(command), call)


async def represented(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> tuple[VariablesPatched, VariablesListed]:
    """Patch, then read what was touched, in one stay in the lane: what is shown is what this write has made.

    Raises:
        VarbridgeError: with ``outcome`` applied when only the read failed.
    """
    wanted = commands.ListVariables(instance=target.native, names=command.written, scope=command.scope)
    _intend(target, command, call)

    async def work() -> tuple[VariablesPatched, VariablesListed]:
        done = await _patched(gateway, target, command, call)
        try:
            return done, await listed(gateway, target, wanted, call)
        except VarbridgeError as error:
            error.outcome = "applied"
            raise

    return await gateway.lanes.write(target.lane, call, work)


def _intend(target: Target, command: commands.PatchVariables, call: Call) -> None:
    """Say what a read would find, where the write carries an idempotency key."""
    if call.claim is not None:
        call.intended = intents.intended(target, command)

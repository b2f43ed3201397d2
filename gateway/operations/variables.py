"""Operations on the variables of one instance. Writes go through ``write``; reads take no lock."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from gateway.errors import Fault, Unsupported, VarbridgeError
from gateway.model import commands
from gateway.model.results import Variable, VariablesListed, VariablesPatched
from gateway.model.scope import INSTANCE
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import place
from gateway.operations.write import under_lock, write_instance
from gateway.plan import Call


async def list_variables(
    gateway: Gateway, target: Target, command: commands.ListVariables, call: Call
) -> VariablesListed:
    """List variables.

    Raises:
        InstanceNotFound: the id turns out to be inside of an instance that is on another engine now.
    """
    found = await gateway.run(target.engine.name, target.engine.list_variables(command), call)
    gateway.routing.remember_root(target.engine.name, target.native, found.root)
    if gateway.links.active:
        _ = place(gateway, target)
    return found


async def get_variable(gateway: Gateway, target: Target, command: commands.GetVariable, call: Call) -> Variable:
    """Read one variable."""
    return (await gateway.run(target.engine.name, target.engine.get_variable(command), call)).variable


def patch_variables(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> Awaitable[VariablesPatched]:
    """Set, change in parts and delete."""
    return write_instance(gateway, target, call, lambda placed: _patch(gateway, placed, command, call), command)


def patch_twin(
    gateway: Gateway, twin: Target, command: commands.PatchVariables, call: Call
) -> Awaitable[VariablesPatched]:
    """Set and delete on the side of a link that does not decide, inside ``write_under``."""
    return _patch(gateway, twin, command, call)


async def patch_and_list(
    gateway: Gateway, target: Target, command: commands.PatchVariables, call: Call
) -> tuple[VariablesPatched, VariablesListed]:
    """Patch, then list what was set while the write lock is still held: it is what this write has made.

    Raises:
        VarbridgeError: with ``outcome`` applied where only the list failed.
    """
    seen = command.scope == INSTANCE  # a write of a task or execution by name stays in it
    shown = VariablesListed(())

    async def work(placed: Target) -> VariablesPatched:
        nonlocal shown
        done = await _patch(gateway, placed, command, call)
        if done.elsewhere is None:
            wanted = commands.ListVariables(
                instance=placed.native, names=command.written, scope=command.scope, seen=seen
            )
            try:
                shown = await list_variables(gateway, placed, wanted, call)
            except VarbridgeError as error:
                error.outcome = "applied"
                raise
        return done

    done = await write_instance(gateway, target, call, work, command)
    return done, shown


def _patch(
    gateway: Gateway, placed: Target, command: commands.PatchVariables, call: Call
) -> Awaitable[VariablesPatched]:
    """Patch, and read back where the engine is set to; a dry run has written nothing that could be read back."""
    if placed.link is not None and any(each.transient for each in command.modifications.values()):
        raise _transient_refusal(placed, command)
    if placed.engine.policy.verify == "after" and not gateway.is_dry_run:
        command = msgspec.structs.replace(command, verify=True)
    plan = placed.engine.patch_variables(under_lock(command, placed))
    return gateway.run(placed.engine.name, plan, call)


def _transient_refusal(placed: Target, command: commands.PatchVariables) -> Unsupported:
    """Return the refusal of transient values on a linked instance: the other engine would never see them."""
    reason = "A linked instance takes no transient value."
    transient = (name for name, each in command.modifications.items() if each.transient)
    faults = tuple(Fault(command.pointer(name), reason) for name in transient)
    return Unsupported(reason, errors=faults, engine=placed.engine.name)

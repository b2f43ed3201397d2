"""Operations on the content of bytes and file variables, as streams where the engine has them."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.model import commands
from gateway.model.results import BinaryRead, VariablesPatched
from gateway.operations.gateway import Gateway, Target
from gateway.operations.write import under_lock, write_instance
from gateway.plan import Call


def can_stream(target: Target, feature: str) -> bool:
    """Return whether the engine streams content (``binary.read``, ``binary.write``)."""
    return feature in target.engine.capabilities.features


async def read_binary(gateway: Gateway, target: Target, command: commands.ReadBinary, call: Call) -> BinaryRead:
    """Open the content of a variable; its stream is in ``call.streams``."""
    return await gateway.run(target.engine.name, target.engine.read_binary(command), call)


async def write_binary(gateway: Gateway, target: Target, command: commands.WriteBinary, call: Call) -> VariablesPatched:
    """Write the content of a variable."""

    def work(placed: Target) -> Awaitable[VariablesPatched]:
        plan = placed.engine.write_binary(under_lock(command, placed))
        return gateway.run(placed.engine.name, plan, call)

    return await write_instance(gateway, target, call, work)

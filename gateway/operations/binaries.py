"""Operations on the content of bytes and file variables, as streams where the engine has them."""

from __future__ import annotations

from gateway.model import commands
from gateway.model.results import BinaryRead, VariablesPatched
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


def streams(target: Target, feature: str) -> bool:
    """Tell whether the engine streams blobs (``binary.read``, ``binary.write``)."""
    return feature in target.engine.capabilities.features


async def read(gateway: Gateway, target: Target, command: commands.ReadBinary, call: Call) -> BinaryRead:
    """Open the content of a blob; its stream is in ``call.streams``."""
    return await gateway.run(target.engine.name, target.engine.read_binary(command), call)


async def written(gateway: Gateway, target: Target, command: commands.WriteBinary, call: Call) -> VariablesPatched:
    """Take the content of a blob, alone in the instance's lane."""

    async def work() -> VariablesPatched:
        return await gateway.run(target.engine.name, target.engine.write_binary(command), call)

    return await gateway.locks.hold(target.lock, call, work)

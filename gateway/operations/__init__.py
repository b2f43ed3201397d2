"""What the gateway does: one short function an operation. It is given a runner and does no input or output itself."""

from gateway.operations.gateway import Gateway, Runner, Target
from gateway.operations.locks import WriteLocks

__all__ = ["Gateway", "Runner", "Target", "WriteLocks"]

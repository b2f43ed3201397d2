"""Write locks: one write at a time on an instance, in this process and in all that share its store."""

from gateway.operations.locks.kernel import KernelLocks
from gateway.operations.locks.leases import LeaseLocks
from gateway.operations.locks.shared import LockKey, SharedLocks
from gateway.operations.locks.write_locks import WriteLocks

__all__ = ["KernelLocks", "LeaseLocks", "LockKey", "SharedLocks", "WriteLocks"]

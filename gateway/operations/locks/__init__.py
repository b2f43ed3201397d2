"""Write locks: one write at a time on an instance, in this process and in all that share its store."""

from gateway.operations.locks.leases import LeaseHolder, Leases, LockKey
from gateway.operations.locks.write_locks import WriteLocks, claim_key

__all__ = ["LeaseHolder", "Leases", "LockKey", "WriteLocks", "claim_key"]

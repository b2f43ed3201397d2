"""The store: what must outlive a process, or be one for many. SQLAlchemy Core tables, made by migrations.

A table belongs to the module that reads and writes it; that module is given the ``Store`` and runs its statements
through ``Store.run`` (one transaction) or ``Store.once`` (one statement). What must not live here: what operations mean
(they are given this room through protocols of their own).
"""

from gateway.store.audit import AuditRecords
from gateway.store.bridge_jobs import BridgeJobRecords
from gateway.store.bridge_plans import PlanRecords
from gateway.store.bulk_operations import OperationRecords
from gateway.store.connect import require_there
from gateway.store.idempotency import KeyRecords
from gateway.store.leases import Leases
from gateway.store.link_counter import LinkCounter
from gateway.store.link_notices import LeaseNumbers, listen
from gateway.store.links import LinkRecords
from gateway.store.lock_file import CannotLock, LockFile, check_shareable, locks_beside
from gateway.store.rate_uses import RateUses
from gateway.store.store import Settings, Store, is_sqlite

__all__ = [
    "AuditRecords",
    "BridgeJobRecords",
    "CannotLock",
    "KeyRecords",
    "LeaseNumbers",
    "Leases",
    "LinkCounter",
    "LinkRecords",
    "LockFile",
    "OperationRecords",
    "PlanRecords",
    "RateUses",
    "Settings",
    "Store",
    "check_shareable",
    "is_sqlite",
    "listen",
    "locks_beside",
    "require_there",
]

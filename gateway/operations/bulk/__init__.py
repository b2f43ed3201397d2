"""Bulk operations: one change to every instance that a query finds, carried out in the background."""

from gateway.operations.bulk.selection import select_instances
from gateway.operations.bulk.store import OperationStore
from gateway.operations.bulk.worker import BulkWorker

__all__ = ["BulkWorker", "OperationStore", "select_instances"]

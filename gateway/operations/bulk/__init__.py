"""Bulk operations: one change to every instance that a query finds, carried out by jobs in the background."""

from gateway.operations.bulk.jobs import KIND, BulkJobs
from gateway.operations.bulk.selection import select_instances
from gateway.operations.bulk.store import OperationStore

__all__ = ["KIND", "BulkJobs", "OperationStore", "select_instances"]

"""Idempotency: a write that carries a key is applied once, and its answer is given again to whoever repeats it."""

from gateway.operations.idempotency.keyed_writes import Idempotency, KeyedRequest, KeyRecords, Replayed, WriteEnd

__all__ = ["Idempotency", "KeyRecords", "KeyedRequest", "Replayed", "WriteEnd"]

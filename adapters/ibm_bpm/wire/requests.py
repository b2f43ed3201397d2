"""Requests that several plans make."""

from __future__ import annotations

from gateway.plan import VendorRequest

ACCEPT = (("Accept", "application/json"),)
JSON = (("Content-Type", "application/json"), *ACCEPT)


def get(*path: str, query: tuple[tuple[str, str], ...] = ()) -> VendorRequest:
    """Return a GET, which never changes the engine."""
    return VendorRequest(method="GET", path=path, query=query, headers=ACCEPT, writes=False, idempotent=True)


def put(*path: str, body: bytes) -> VendorRequest:
    """Return a PUT of absolute values: twice equals once."""
    return VendorRequest(method="PUT", path=path, headers=JSON, body=body, writes=True, idempotent=True)

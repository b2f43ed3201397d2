"""The work: what callers send and how an answer's end is found; shared by the generator and the tests."""

from __future__ import annotations

import msgspec

KEY = "bench-key-0123456789"
"""Made up; the gateway is given its SHA-256, the other programs ignore it."""
CAMUNDA, IBM = "c7", "ibm"
INSTANCES = 4096
"""Ids in turn: far more than connections, so that no write lane is shared, and more than any URL cache holds."""
_PATCH = {
    "modifications": {
        "amount": {"type": "integer", "format": "int64", "value": 1250},
        "approved": {"type": "boolean", "value": True},
        "customer": {"type": "string", "value": "Example Ltd"},
    }
}


def request(method: str, path: str, body: object = None) -> bytes:
    """Give one request as bytes."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {KEY}\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


def patch(instance: str) -> bytes:
    """Give a unified patch of three variables with their types."""
    return request("PATCH", f"/v1/instances/{instance}/variables", _PATCH)


def read(instance: str) -> bytes:
    """Give a unified read of one variable."""
    return request("GET", f"/v1/instances/{instance}/variables/amount")


def wide_patch(instance: str, count: int) -> bytes:
    """Give a unified patch of many variables with their types."""
    entry = {"type": "string", "value": "x"}
    return request(
        "PATCH", f"/v1/instances/{instance}/variables", {"modifications": {f"v{i}": entry for i in range(count)}}
    )


WORKS = {"patch": patch, "read": read}


def instances() -> list[str]:
    """Give the public ids that take turns."""
    return [f"{CAMUNDA}:{number:08x}-3f5a-11ef-9c6b-0242ac110002" for number in range(INSTANCES)]


def status_of(answer: bytearray | bytes) -> int:
    """Give the status of a complete answer at the start of ``answer``; 0 while it is incomplete.

    Raises:
        ValueError: the answer is of a form that none of the programs has (chunked, until close).
    """
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return 0
    status = int(answer[9:12])
    if status in {204, 304}:
        return status
    head = bytes(answer[:head_end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        msg = f"an answer without length: {head!r}"
        raise ValueError(msg)
    length = int(head[at + 17 :].split(b"\r\n", 1)[0])
    return status if len(answer) >= head_end + 4 + length else 0

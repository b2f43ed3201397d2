"""The work: what callers send and how an answer's end is found; shared by the generator and the tests."""

from __future__ import annotations

import os

import msgspec

from gateway.model.expect import View
from gateway.model.results import Variable
from gateway.model.values import Value

KEY = "bench-key-0123456789"
"""Made up; the gateway is given its SHA-256, the other programs ignore it."""
CAMUNDA, IBM, BLOB, SICK = "c7", "ibm", "blob", "sick"
IBM_FIRST = 10_000
"""IBM instances from here on hold an order: scalars, a business object and a list of them. Those below hold 100 texts."""
_FEW = 128
"""Ids where a request is large: still far more than connections."""
INSTANCES = 4096
"""Ids in turn: far more than connections, so that no write lock is shared, and more than any URL cache holds."""
PATCH: dict[str, dict[str, dict[str, object]]] = {
    "modifications": {
        "amount": {"type": "integer", "format": "int64", "value": 1250},
        "approved": {"type": "boolean", "value": True},
        "customer": {"type": "string", "value": "Example Ltd"},
    }
}
IBM_PATCH: dict[str, dict[str, dict[str, object]]] = {
    "modifications": PATCH["modifications"] | {"amount": {"type": "integer", "value": 1250}}
}
"""The same for IBM, whose integers have 32 bits and no format."""
_NATIVE_PATCH = {
    "modifications": {
        "amount": {"type": "Long", "value": 1250},
        "approved": {"type": "Boolean", "value": True},
        "customer": {"type": "String", "value": "Example Ltd"},
    }
}


STORED = (
    ("amount", "Long", 1, Value(type="integer", format="int64", value=msgspec.Raw(b"1"))),
    ("approved", "Boolean", False, Value(type="boolean", value=msgspec.Raw(b"false"))),
    ("customer", "String", "x", Value(type="string", value=msgspec.Raw(b'"x"'))),
)
"""What every instance has: name, the vendor's type, the vendor's value, the same as a unified value."""


def request(method: str, path: str, body: object = None, key: str = KEY, **headers: str) -> bytes:
    """Return one request as bytes."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n" + (f"X-Api-Key: {key}\r\n" if key else "")
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


def patch(instance: str) -> bytes:
    """Return a unified patch of three variables with their types."""
    return request("PATCH", f"/v1/instances/{instance}/variables", PATCH)


def keyless_patch(instance: str) -> bytes:
    """Return the unified patch of a caller that says not who it is."""
    return request("PATCH", f"/v1/instances/{instance}/variables", PATCH, key="")


def read(instance: str) -> bytes:
    """Return a unified read of one variable."""
    return request("GET", f"/v1/instances/{instance}/variables/amount")


def wide_patch(instance: str, count: int) -> bytes:
    """Return a unified patch of many variables with their types."""
    entry = {"type": "string", "value": "x"}
    return request(
        "PATCH", f"/v1/instances/{instance}/variables", {"modifications": {f"v{i}": entry for i in range(count)}}
    )


def untyped_patch(instance: str) -> bytes:
    """Return a unified patch without types: the stored ones are looked up, which is a second call."""
    entries = {name: {"value": entry["value"]} for name, entry in PATCH["modifications"].items()}
    return request("PATCH", f"/v1/instances/{instance}/variables", {"modifications": entries})


def matching_patch(instance: str) -> bytes:
    """Return the patch of three variables under the condition that they are what they are."""
    tag = View().tag_of([Variable(name=name, value=value) for name, _, _, value in STORED])
    return request("PATCH", f"/v1/instances/{instance}/variables", PATCH, If_Match=tag)


def keyed_patch(instance: str) -> bytes:
    """Return the patch of three variables with a key that no other has."""
    return request("PATCH", f"/v1/instances/{instance}/variables", PATCH, Idempotency_Key=os.urandom(12).hex())


def put_if_match(instance: str, name: str) -> bytes:
    """Return a write of one variable under the condition that it is there."""
    entry = {"type": "string", "value": "x"}
    return request("PUT", f"/v1/instances/{instance}/variables/{name}", entry, If_Match="*")


def thousand(instance: str) -> bytes:
    """Return a unified patch of 1000 variables with their types."""
    return wide_patch(instance, 1000)


def native_read(instance: str) -> bytes:
    """Return a read in the engine's own language."""
    native = instance.partition(":")[2]
    return request("GET", f"/engine-rest/process-instance/{native}/variables/amount?deserializeValue=false")


def native_patch(instance: str) -> bytes:
    """Return a patch in the engine's own language."""
    native = instance.partition(":")[2]
    return request("POST", f"/engine-rest/process-instance/{native}/variables", _NATIVE_PATCH)


def ibm_patch(instance: str) -> bytes:
    """Return a unified patch of three variables of an IBM instance, with their types."""
    return request("PATCH", f"/v1/instances/{instance}/variables", IBM_PATCH)


def listed(instance: str) -> bytes:
    """Return a unified read of all variables of an instance."""
    return request("GET", f"/v1/instances/{instance}/variables")


def camunda_read(instance: str) -> bytes:
    """Return the read of one variable in Camunda's language, whoever owns the instance."""
    return request("GET", f"/engine-rest/process-instance/{instance}/variables/amount?deserializeValue=false")


def camunda_patch(instance: str) -> bytes:
    """Return the patch of three variables in Camunda's language, for an engine whose integers have 32 bits."""
    amount = {"amount": {"type": "Integer", "value": 1250}}
    body = {"modifications": _NATIVE_PATCH["modifications"] | amount}
    return request("POST", f"/engine-rest/process-instance/{instance}/variables", body)


def ibm_read(instance: str) -> bytes:
    """Return the read of all variables in IBM's language, whoever owns the instance."""
    return request("GET", f"/rest/bpm/wle/v1/process/{instance}?parts=data")


def ibm_write(instance: str) -> bytes:
    """Return the write of three variables in IBM's language, which has no types."""
    values = {name: entry["value"] for name, entry in PATCH["modifications"].items()}
    return request("PUT", f"/rest/bpm/wle/v1/process/{instance}/variables", values)


WORKS = {
    "patch": patch,
    "read": read,
    "native read": native_read,
    "native patch": native_patch,
    "patch, stored types": untyped_patch,
    "patch, If-Match": matching_patch,
    "patch, keyed": keyed_patch,
    "patch of 1000": thousand,
    "IBM patch": ibm_patch,
    "IBM read": read,
    "list": listed,
    "list, IBM's language": ibm_read,
    "patch, IBM's language": ibm_write,
    "IBM read, Camunda's language": camunda_read,
    "IBM patch, Camunda's language": camunda_patch,
}
KEYLESS = "patch, no key"
"""A work of its own, for gateways that know no callers."""
CALLS = {
    "patch, stored types": 2.0, "patch, If-Match": 2.0, "IBM patch": 2.0, "patch, IBM's language": 2.0,
    "IBM patch, Camunda's language": 2.0,
}  # fmt: skip
"""Requests to the engine for each request, where they are not one."""


def instances(count: int = INSTANCES) -> list[str]:
    """Return the public ids that take turns."""
    return [f"{CAMUNDA}:{number:08x}-3f5a-11ef-9c6b-0242ac110002" for number in range(count)]


def ibm_instances(count: int = INSTANCES) -> list[str]:
    """Return the public ids of IBM instances that take turns; all above ``IBM_FIRST`` hold an order."""
    return [f"{IBM}:{IBM_FIRST + number}" for number in range(count)]


def texts(work: str) -> list[bytes]:
    """Return the requests of a work that take turns."""
    ids = ibm_instances if work.startswith("IBM") else instances
    spelled = keyless_patch if work == KEYLESS else WORKS[work]
    return [spelled(instance) for instance in ids(_FEW if work == "patch of 1000" else INSTANCES)]


def status_of(answer: bytearray | bytes) -> int:
    """Return the status of a complete answer at the start of ``answer``; 0 while it is incomplete.

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

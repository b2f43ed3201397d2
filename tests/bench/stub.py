"""The stub engine: answers at once what Camunda 7 and IBM BPM would, and counts. Not measured, so kept as cheap as it gets.

``GET /__count`` gives the requests so far by class. Run as ``python -m tests.bench.stub '{"port": …}'``.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import cast

from tests.bench.programs.process import run
from tests.bench.work import IBM_FIRST, STORED


def _instance(variables: dict[str, object]) -> dict[str, object]:
    data = {
        "piid": "11",
        "name": "Order 11",
        "state": "STATE_RUNNING",
        "executionState": "Active",
        "processTemplateID": "25.3d1a6a1e-0b5c-4f0f-9c55-5d2f2d5a0a11",
        "processTemplateName": "Order",
        "variables": variables,
    }
    return {"status": "200", "data": data}


def _object(class_name: str, number: int, **members: object) -> dict[str, object]:
    metadata = {
        "objectID": f"4e9d7a35-3c1e-4d0c-a5a7-9f64a1d1b0{number:02d}",
        "dirty": False,
        "shared": False,
        "rootVersionContextID": "2064.3f5a11ef-9c6b-0242-ac11-0002000001T",
        "className": class_name,
    }
    return {**members, "@metadata": metadata}


def _order() -> dict[str, object]:
    """Return the variables of an order: three scalars, a customer with an address, and ten positions."""
    address = _object("Address", 0, street="Example Street 1", city="Exampletown", zip="12345")
    positions = [_object("Position", 10 + n, article=f"A-{n:04d}", count=n, price=12.5) for n in range(10)]
    return {
        "amount": 1250,
        "approved": False,
        "customer": "Example Ltd",
        "buyer": _object("Customer", 1, name="Example Ltd", tier="gold", address=address),
        "positions": {"selected": [], "items": positions, "@metadata": {"className": "Position"}},
    }


def _answer(body: object) -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(content),
        content,
    )


_ORDER_DIGITS = len(str(IBM_FIRST))
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_VARIABLE = _answer({"type": "Long", "value": 1250, "valueInfo": {}})
_ROWS = _answer(
    [
        {"id": str(number), "name": name, "type": kind, "value": value, "valueInfo": {}}
        for number, (name, kind, value, _) in enumerate(STORED, 1)
    ]
)
_TEXTS = _answer(_instance({f"v{i}": "old" for i in range(100)}))
_ORDER = _answer(_instance(_order()))
_WRITTEN = _answer({"status": "200", "data": {"message": "Successfully updated."}})


def kind_of(method: bytes, path: bytes) -> str:
    """Return the class of a request: who is asked, and what for."""
    resource, _, _ = path.partition(b"?")
    if resource.startswith(b"/engine-rest/process-instance/"):
        if method == b"POST" and resource.endswith(b"/variables"):
            return "camunda.patch"
        if method == b"GET" and b"/variables/" in resource:
            return "camunda.read"
    if method == b"POST" and resource == b"/engine-rest/variable-instance":
        return "camunda.list"
    if resource.startswith(b"/rest/bpm/wle/v1/process/"):
        if method == b"GET":
            return "ibm.read.order" if len(resource.rpartition(b"/")[2]) >= _ORDER_DIGITS else "ibm.read"
        if method == b"PUT" and resource.endswith(b"/variables"):
            return "ibm.write"
    return "other"


_ANSWERS = {
    "camunda.patch": _NO_CONTENT,
    "camunda.read": _VARIABLE,
    "camunda.list": _ROWS,
    "ibm.read": _TEXTS,
    "ibm.read.order": _ORDER,
    "ibm.write": _WRITTEN,
    "other": _NOT_FOUND,
}
counts: Counter[str] = Counter()


class Stub(asyncio.Protocol):
    """One connection: requests with a length or no body, one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class
        self._waiting = bytearray()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._waiting += data
        while (head_end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._waiting[:head_end])
            end = head_end + 4 + _length(head)
            if len(self._waiting) < end:
                return
            del self._waiting[:end]
            method, path, _ = head.split(b" ", 2)
            self._transport.write(_counted(method, path))


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    return int(lowered[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _counted(method: bytes, path: bytes) -> bytes:
    if path == b"/__count":
        return _answer(counts)
    kind = kind_of(method, path)
    counts[kind] += 1
    return _ANSWERS[kind]


async def serve(settings: dict[str, int], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", settings["port"], backlog=256)
    ready.set()
    await server.serve_forever()


if __name__ == "__main__":
    run(serve)

"""An engine that is asked for variables: Camunda's answer of so many rows, after as long as it is told to think.

Run as ``python -m tests.bench.rows '{"port": …, "think_ms": …}'``.
"""

from __future__ import annotations

import asyncio
import json
from typing import cast

from tests.bench.programs.process import run

ROWS = 500
_VALUES = (("Long", 1250), ("String", "Example Ltd"), ("Boolean", True))


def _row(number: int) -> dict[str, object]:
    kind, value = _VALUES[number % len(_VALUES)]
    instance = f"{number:08x}-3f5a-11ef-9c6b-0242ac110002"
    nothing = ("caseInstanceId", "caseExecutionId", "taskId", "batchId", "tenantId", "errorMessage")
    return {
        "id": f"{number:08x}-aaaa-11ef-9c6b-0242ac110002",
        "name": "amount",
        "type": kind,
        "value": value,
        "valueInfo": {},
        "processDefinitionId": "invoice:1:3f5a11ef-9c6b-0242-ac11-000200000001",
        "processInstanceId": instance,
        "executionId": instance,
        "activityInstanceId": instance,
        **dict.fromkeys(nothing),
    }


def _answer() -> bytes:
    content = json.dumps([_row(number) for number in range(ROWS)]).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(content),
        content,
    )


class Engine(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, think_s: float) -> None:
        self._think_s = think_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        """Answer a request that is complete, in time."""
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            self._waiting = b""
            asyncio.get_running_loop().call_later(self._think_s, self._transport.write, _ANSWER)


_ANSWER = _answer()


async def serve(settings: dict[str, int], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    think_s = settings["think_ms"] / 1000
    server = await asyncio.get_running_loop().create_server(lambda: Engine(think_s), "127.0.0.1", settings["port"])
    ready.set()
    await server.serve_forever()


if __name__ == "__main__":
    run(serve)

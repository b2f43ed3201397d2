"""Two engines in one for copies: instances of ``old`` have 20 scalars, those of ``new`` have them once they were patched.

Run as ``python -m tests.bench.twin_stub '{"port": …}'``.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import cast

from tests.bench.programs.process import run

VARIABLES = 20
_KINDS = (("Long", 1250), ("String", "Example Ltd"), ("Boolean", True), ("Double", 0.5), ("Integer", 7))
_LISTED = re.compile(rb'"variableScopeIdIn":\["([^"]+)"|"processInstanceIdIn":\["([^"]+)"')
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def _answer(rows: list[dict[str, object]]) -> bytes:
    content = json.dumps(rows).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    return head + content


def _row(number: int, kind: str, value: object) -> dict[str, object]:
    return {"id": str(number), "name": f"variable{number}", "type": kind, "value": value, "valueInfo": {}}


_FULL = _answer([_row(number, *_KINDS[number % len(_KINDS)]) for number in range(VARIABLES)])
_BEFORE = _answer([_row(99, "String", "left over")])
_patched: set[bytes] = set()


class Engines(asyncio.Protocol):
    """One connection, one request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        """Answer a request that is complete."""
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not end or len(body) < length:
            return
        self._waiting = b""
        path = head.split(b" ", 2)[1]
        if path.endswith(b"/variables"):
            _patched.add(path.split(b"/")[-2])
            self._transport.write(_NO_CONTENT)
            return
        found = _LISTED.search(body)
        instance = b"" if found is None else found.group(1) or found.group(2)
        self._transport.write(_FULL if instance.startswith(b"s") or instance in _patched else _BEFORE)


async def serve(settings: dict[str, int], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    server = await asyncio.get_running_loop().create_server(Engines, "127.0.0.1", settings["port"])
    ready.set()
    await server.serve_forever()


if __name__ == "__main__":
    run(serve)

"""Thousands of callers that leave a request half sent, or an answer unread; a process of its own.

Run as ``python -m tests.chaos.slow COUNT PORT INSTANCE``: it says ``begun`` when all have begun, and on a line on standard
input lets them finish, one after the other, and says what each wanted and got.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.cli.programs import LONGEST_S, ROOT

WANTED = 10_000
SPARE = 600
"""Descriptors of a test or a gateway besides those of slow callers."""


@contextmanager
def descriptors(wanted: int = WANTED) -> Iterator[int]:
    """Raise the limit of descriptors as far as the machine lets us; yield how many slow callers there may be.

    A gateway takes three quarters of its descriptors for callers.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard if hard != resource.RLIM_INFINITY else max(soft, 2 * wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield min(wanted, limit * 3 // 4 - SPARE) // 4 * 4
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Slow:
    """One caller: sends the first part of a request at once, and the rest when it is told to.

    Args:
        number: decides which kind it is, and what it writes.
        port: of the gateway.
        instance: whose variables it reads and writes.
    """

    def __init__(self, number: int, port: int, instance: str) -> None:
        self.number = number
        head = f"/v1/instances/{instance}/variables/s{number} HTTP/1.1\r\nHost: gateway\r\n"
        body = json.dumps({"value": number, "type": "integer", "format": "int64"})
        whole = f"GET /v1/instances/{instance} HTTP/1.1\r\nHost: gateway\r\n\r\n"
        written = f"PUT {head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        self.begins, self.rest, self.wanted = (
            (whole[:-30], whole[-30:], 200),  # half a head
            (written[:-10], written[-10:], 204),  # half a body
            (whole, "", 200),  # an answer that is not read
            (written[:20], written[20:], 204),  # a write, hardly begun
        )[number % 4]
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S)
        self.socket.sendall(self.begins.encode())

    def finish(self) -> int:
        """Send the rest; return the status of the answer, 0 where the connection was closed."""
        with self.socket:
            try:
                self.socket.sendall(self.rest.encode())
                answer = self.socket.recv(4096)
            except ConnectionError:
                return 0
        return int(answer.split(b" ", 2)[1]) if answer else 0


def main(count: int, port: int, instance: str) -> None:
    callers = [Slow(number, port, instance) for number in range(count)]
    print("begun", flush=True)
    _ = sys.stdin.readline()
    print(json.dumps([(caller.wanted, caller.finish()) for caller in callers]))


class Crowd:
    """The process with all of them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def finish(self) -> Counter[tuple[int, int]]:
        """Let them finish; return how often which status was wanted, and which came."""
        said, _ = await self._process.communicate(b"finish\n")
        return Counter((wanted, came) for wanted, came in json.loads(said))


@asynccontextmanager
async def crowd(count: int, port: int, instance: str) -> AsyncIterator[Crowd]:
    """Let slow callers begin."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.slow", str(count), str(port), instance,
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"begun\n"
        yield Crowd(process)
    finally:
        if process.returncode is None:
            process.kill()
            _ = await process.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

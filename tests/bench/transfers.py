"""Large variables, up and down, by ``/v1`` and by a front door: what the gateway holds of them, and what they cost."""

from __future__ import annotations

import http.client
from pathlib import Path
from time import perf_counter

import msgspec

from tests.bench.load import cpu_ns
from tests.bench.stage import Stage
from tests.bench.work import BLOB, KEY

MIB = 1024 * 1024
MOST_EXTRA = 32 * MIB
"""What one transfer may add to the memory of the idle gateway, whatever its size."""
_MOST_FORM = 2048
"""Bytes of the form that a content is wrapped in on its way to the engine."""
_INSTANCE = "3f5a11ef-9c6b-0242-ac11-000200000001"


class Transfer(msgspec.Struct, kw_only=True):
    """One transfer.

    Args:
        extra: highest memory (RSS) so far, less that of the gateway before the first of them; bytes.
        moved: bytes that the other end has got.
    """

    what: str
    size: int
    moved: int
    extra: int
    cpu_ms_per_mib: float
    mib_per_s: float

    @property
    def missed(self) -> bool:
        """Return whether too much was held, or not all arrived."""
        return self.extra > MOST_EXTRA or self.moved != self.size


def transfers(size: int) -> list[Transfer]:
    """Make each transfer once, on one gateway; what an earlier one has left behind counts against a later one too."""
    with Stage(("varbridge",), blob=True) as stage:
        for _, method, path in _ways(1):
            _ = _moved(stage, method, path, 1)  # what the first request of a kind loads is not a transfer's
        pid = stage.pids["varbridge"]
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the high-water mark begins anew
        idle = _memory(pid, "VmRSS")
        return [_made(stage, what, method, path, size, idle) for what, method, path in _ways(size)]


def _ways(size: int) -> list[tuple[str, str, str]]:
    unified = f"/v1/instances/{BLOB}:{_INSTANCE}/variables/{size}/data"
    native = f"/blob-rest/process-instance/{_INSTANCE}/variables/{size}/data"
    return [
        ("up, /v1", "PUT", unified),
        ("down, /v1", "GET", unified),
        ("up, front door", "POST", native),
        ("down, front door", "GET", native),
    ]


def _made(stage: Stage, what: str, method: str, path: str, size: int, idle: int) -> Transfer:
    pid = stage.pids["varbridge"]
    taken = stage.taken()
    cpu, began = cpu_ns(pid), perf_counter()
    moved = _moved(stage, method, path, size)
    spent = perf_counter() - began
    cpu = cpu_ns(pid) - cpu
    if method != "GET":
        moved = stage.taken() - taken
        form = moved - size
        moved -= form if method == "PUT" and 0 < form < _MOST_FORM else 0
    return Transfer(
        what=what,
        size=size,
        moved=moved,
        extra=_memory(pid, "VmHWM") - idle,
        cpu_ms_per_mib=cpu / 1e6 / (size / MIB),
        mib_per_s=size / MIB / spent,
    )


def _memory(pid: int, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"{key} is not told here")


def _moved(stage: Stage, method: str, path: str, size: int) -> int:
    """Make one transfer; give the bytes that came back.

    Raises:
        RuntimeError: it was refused.
    """
    connection = http.client.HTTPConnection("127.0.0.1", stage.ports["varbridge"], timeout=600)
    try:
        connection.putrequest(method, path)
        connection.putheader("X-Api-Key", KEY)
        if method != "GET":
            connection.putheader("Content-Type", "application/octet-stream")
            connection.putheader("Content-Length", str(size))
        connection.endheaders()
        if method != "GET":
            piece, left = bytes(256 * 1024), size
            while left:
                connection.send(piece[: min(left, len(piece))])
                left -= min(left, len(piece))
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.read(500)!r}")
        came = 0
        while got := answer.read(256 * 1024):
            came += len(got)
        return came
    finally:
        connection.close()

"""The stage: every process of a run, started on free ports of loopback and ended with it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from tests.bench import before, paced
from tests.bench.load import Block, Order
from tests.bench.work import status_of
from tests.cli.programs import free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {
    "varbridge": "tests.bench.programs.varbridge",
    "bare": "tests.bench.programs.bare",
    "usual": "tests.bench.programs.usual",
}
"""The gateway; aiohttp that only translates (or passes on); FastAPI and httpx that only translate."""
DONE_BY = {
    "patch": ("varbridge", "bare", "usual"),
    "read": ("varbridge", "bare", "usual"),
    "native read": ("varbridge", "bare"),
    "native patch": ("varbridge", "bare"),
    "patch, stored types": ("varbridge",),
    "patch, If-Match": ("varbridge",),
    "patch, keyed": ("varbridge",),
    "patch of 1000": ("varbridge", "bare"),
    "IBM patch": ("varbridge",),
    "IBM read": ("varbridge",),
    "list": ("varbridge",),
    "list, IBM's language": ("varbridge",),
    "patch, IBM's language": ("varbridge",),
    "IBM read, Camunda's language": ("varbridge",),
    "IBM patch, Camunda's language": ("varbridge",),
}
"""Which programs do which work."""
_END_S = 5.0


class Stage:
    """The stub, the generator and the programs.

    Args:
        programs: names of ``PROGRAMS``.
        pin: whether the measured programs get the last core and everything else the first.
        blob: whether there is an engine of large variables too.
        past: where the gateway of before is, if it is among the programs.
        rows: milliseconds that each engine thinks that is asked for variables.
        sick: whether there is an engine that can be made to fail, and callers at fixed rates.
    """

    def __init__(
        self,
        programs: Sequence[str] = tuple(PROGRAMS),
        *,
        pin: bool = False,
        blob: bool = False,
        past: Path | None = None,
        rows: Sequence[int] = (),
        sick: bool = False,
    ) -> None:
        self._sick = sick
        self._blob = blob
        self._past = past
        self._rows = rows
        self.row_ports = [free_port() for _ in rows]
        self._programs = programs
        cores = sorted(os.sched_getaffinity(0))
        apart = pin and len(cores) > 1
        self._measured = {cores[-1]} if apart else set(cores)
        self._others = {cores[0]} if apart else set(cores)
        self._processes: list[subprocess.Popen[str]] = []
        self.ports: dict[str, int] = {}
        self.pids: dict[str, int] = {}
        self._beside: dict[str, list[tuple[int, int]]] = {}

    def __enter__(self) -> Self:
        self._lines = tempfile.TemporaryFile()
        self._folder = tempfile.TemporaryDirectory()
        try:
            self.engine_port = free_port()
            _ = self._started("tests.bench.stub", self._others, {"port": self.engine_port})
            self.blob_port = free_port()
            if self._blob:
                _ = self._started("tests.bench.blob", self._others, {"port": self.blob_port})
            for port, think_ms in zip(self.row_ports, self._rows, strict=True):
                _ = self._started("tests.bench.rows", self._others, {"port": port, "think_ms": think_ms})
            self.sick_port = free_port()
            if self._sick:
                self._troubled = self._started("tests.bench.sick", self._others, {"port": self.sick_port})
                self._crowds = self._popen([sys.executable, "-m", "tests.bench.paced"], self._others, None)
            for name in self._programs:
                self._start(name)
            self._generator = self._popen([sys.executable, "-m", "tests.bench.load"], self._others, None)
        except BaseException:
            self._end()
            raise
        return self

    @property
    def row_engines(self) -> list[str]:
        """Return the names by which the gateway knows the engines that are asked for variables."""
        return [f"rows{number}" for number in range(len(self.row_ports))]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, name: str) -> None:
        port = free_port()
        settings: dict[str, Any] = {
            "port": port,
            "admin_port": free_port(),
            "engine": f"http://127.0.0.1:{self.engine_port}",
        }
        if self._blob:
            settings["blob"] = f"http://127.0.0.1:{self.blob_port}"
        if self._sick:
            settings["sick"] = f"http://127.0.0.1:{self.sick_port}"
        settings["rows"] = {name: f"http://127.0.0.1:{at}" for name, at in zip(self.row_engines, self.row_ports)}
        # the gateway's lines go to a file, as they would in production; nobody reads them
        lines = self._lines if name in {"varbridge", before.NAME} else None
        root = self._past if name == before.NAME else None
        module = PROGRAMS["varbridge" if name == before.NAME else name]
        process = self._started(module, self._measured, settings, lines, root)
        self.ports[name], self.pids[name] = port, process.pid

    def start_gateways(self, name: str, store: str, *, workers: int = 1, gateways: int = 1) -> None:
        """Start gateways on one store, of so many workers each; together they are one program.

        Several workers share a port and add up their metrics in files, as those of ``varbridge serve`` do.
        """
        ports = [port for port in (free_port() for _ in range(gateways)) for _ in range(workers)]
        environ = {"PROMETHEUS_MULTIPROC_DIR": tempfile.mkdtemp(dir=self._folder.name)} if workers > 1 else {}
        started = []
        for port in ports:
            settings = {
                "port": port,
                "admin_port": free_port(),
                "engine": f"http://127.0.0.1:{self.engine_port}",
                "store": store,
                "worker": workers > 1,
            }
            process = self._started(PROGRAMS["varbridge"], self._measured, settings, self._lines, environ=environ)
            started.append((port, process.pid))
        (self.ports[name], self.pids[name]), *self._beside[name] = started

    def start_switched(self, name: str, *, on: bool) -> None:
        """Start a gateway on which everything that protects engines and tells callers apart is on, or nothing is."""
        settings = {
            "port": free_port(),
            "admin_port": free_port(),
            "engine": f"http://127.0.0.1:{self.engine_port}",
            "switched": on,
        }
        process = self._started(PROGRAMS["varbridge"], self._measured, settings, self._lines)
        self.ports[name], self.pids[name] = settings["port"], process.pid

    def name_again(self, name: str, other: str) -> None:
        """Let a program have a second name."""
        for known in (self.ports, self.pids, self._beside):
            known[other] = known[name]

    def _started(
        self,
        module: str,
        cores: set[int],
        settings: dict[str, Any],
        lines: IO[bytes] | None = None,
        root: Path | None = None,
        environ: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        argument = msgspec.json.encode(settings).decode()
        process = self._popen([sys.executable, "-m", module, argument], cores, lines, root, environ)
        assert process.stdout is not None
        said = process.stdout.readline()
        if said != "ready\n":
            raise RuntimeError(f"{module} did not start: {said!r}{self._said()}")
        return process

    def _said(self) -> str:
        self._lines.seek(0)
        return "\n" + self._lines.read().decode(errors="replace")[-2000:]

    def _popen(
        self,
        command: list[str],
        cores: set[int],
        lines: IO[bytes] | None,
        root: Path | None = None,
        environ: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, cwd=root or ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=lines,
            env={**os.environ, **(environ or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )  # fmt: skip
        self._processes.append(process)
        return process

    def _end(self) -> None:
        for process in reversed(self._processes):
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._lines.close()
        self._folder.cleanup()

    def block(self, name: str, work: str, seconds: float, **more: int) -> Block:
        """Have the generator work on a program."""
        beside = self._beside.get(name, [])
        order = Order(port=self.ports[name], pid=self.pids[name], beside=beside, work=work, seconds=seconds, **more)
        return msgspec.json.decode(self._asked(self._generator, msgspec.json.encode(order)), type=Block)

    def fared(self, order: paced.Order) -> paced.Fared:
        """Have callers of two engines send at fixed rates."""
        return msgspec.json.decode(self._asked(self._crowds, msgspec.json.encode(order)), type=paced.Fared)

    def let_sick_engine_become(self, mood: str) -> list[str]:
        """Let the engine that can fail do so, or be well ("") again; return its instances."""
        return msgspec.json.decode(self._asked(self._troubled, mood.encode()), type=list[str])

    def _asked(self, process: subprocess.Popen[str], line: bytes) -> str:
        """Return the line with which a process answers to a line."""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line.decode() + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{process.args!r} has ended{self._said()}")
        return answer

    def counts(self) -> Counter[str]:
        """Return the requests that the stub has had so far, by class."""
        connection = http.client.HTTPConnection("127.0.0.1", self.engine_port, timeout=5)
        try:
            connection.request("GET", "/__count")
            return Counter(msgspec.json.decode(connection.getresponse().read(), type=dict[str, int]))
        finally:
            connection.close()

    def taken(self) -> int:
        """Return the bytes that the engine of large variables has taken so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.blob_port}/__taken", timeout=5) as answer:
            return int(answer.read())

    def once(self, name: str, text: bytes) -> int:
        """Send one request to a program; give the status."""
        with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=10) as connection:
            connection.sendall(text)
            answer = bytearray()
            while not (status := status_of(answer)):
                piece = connection.recv(65536)
                if not piece:
                    raise ConnectionError("closed before the answer was complete")
                answer += piece
            return status

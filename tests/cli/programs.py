"""Programs of ours, started as users start them, and ended whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST_S = 30.0


def free_port() -> int:
    """A port that nobody listens on, another each time.

    It stays bound until this process ends, so that the system gives it to nobody else. A program that is told of it can
    listen on it all the same, since both say ``SO_REUSEADDR`` and this socket does not listen.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    _ = holder.detach()
    return port


def varbridge(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, env={**os.environ, **environ}
    )


class Program:
    """A running program and all it says; its errors, where they go somewhere else, are not heard."""

    def __init__(self, *arguments: str, errors: int = subprocess.STDOUT, **environ: str) -> None:
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "gateway", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environ},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(line for line in self.process.stdout)

    def text(self) -> str:
        return "".join(self.said)

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.text() or self.process.poll() is not None)
        assert text in self.text(), self.text()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(LONGEST_S)
        self._reader.join(LONGEST_S)
        return code


@contextlib.contextmanager
def running(*arguments: str, errors: int = subprocess.STDOUT, **environ: str) -> Iterator[Program]:
    program = Program(*arguments, errors=errors, **environ)
    try:
        yield program
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()


def wait_until(holds) -> None:
    pause = threading.Event()
    end = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < end, "it did not come in time"
        pause.wait(0.05)


def get(port: int, path: str, method: str = "GET", body: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json else text.decode()
    finally:
        connection.close()


def ready(port: int) -> bool:
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False

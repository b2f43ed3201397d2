"""A real Camunda 7.24 engine: builds the Spring Boot application in `engine/` and runs it on a loopback port.

Standard library only. Nothing here knows pytest (that is `tests/conftest.py`) or the gateway (`demo.py`).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.live import maven
from tests.live.maven import CannotRun

HERE = Path(__file__).parent
PROJECT = HERE / "engine"
JAR = PROJECT / "target" / "live-engine.jar"
MODELS = HERE.parent / "recordings" / "models"

START_TIMEOUT_S = 120  # 10 to 15 seconds on two cores
STOP_TIMEOUT_S = 15
ANSWER_TIMEOUT_S = 30
LOG_TAIL_LINES = 30
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# Quick to start rather than fast for hours.
_JAVA = ("java", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC")


def build() -> Path:
    """Return the engine's jar.

    Raises:
        CannotRun: It cannot be built.
    """
    return maven.build(PROJECT, JAR)


def dies_with_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that lets a child go with its parent, even a killed one; on Linux, elsewhere None.

    The parent is the thread that starts the child.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
        if os.getppid() != parent:  # it went before we asked
            os._exit(1)

    return ask


def start_instance(url: str, variables: Mapping[str, object] | None = None) -> str:
    """Starts an instance of the user-task model and gives its id.

    Args:
        url: Base URL of the engine.
        variables: As in the vendor's request: name to `{"value": …, "type": …}`.
    """
    request = urllib.request.Request(
        f"{url}/process-definition/key/userTask/start",
        data=json.dumps({"variables": variables or {}}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:
        instance: str = json.load(answer)["id"]
    return instance


def delete_instance(url: str, instance: str) -> None:
    """Deletes an instance; one that is gone already is fine."""
    request = urllib.request.Request(f"{url}/process-instance/{instance}", method="DELETE")
    try:
        urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S).close()
    except urllib.error.HTTPError as refused:
        if refused.code != 404:
            raise


class LiveEngine:
    """Runs the engine with the models of the recordings deployed while the `with` block lasts."""

    def __init__(self, start_timeout_s: float = START_TIMEOUT_S) -> None:
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT/engine-rest`, without a slash at the end."""
        return self._url

    @property
    def pid(self) -> int | None:
        """Number of the engine's process while it runs."""
        return None if self._process is None else self._process.pid

    def __enter__(self) -> Self:
        try:
            self._start(build())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the engine's process, and no other; does nothing the second time."""
        process, self._process = self._process, None
        folder, self._folder = self._folder, None
        if process is not None:
            _end(process)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def log_tail(self) -> str:
        """Return the last lines the engine wrote."""
        log = Path() if self._folder is None else self._folder / "log"
        if not log.is_file():
            return ""
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def _start(self, jar: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="live-engine-"))
        port_file = self._folder / "port"
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                (*_JAVA, f"-DPORTFILE={port_file}", "-jar", str(jar), "--server.port=0"),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal is for us; we end it
                preexec_fn=dies_with_parent(signal.SIGKILL),
            )
        deadline = time.monotonic() + self._start_timeout_s
        self._url = f"http://127.0.0.1:{self._port(port_file, deadline)}/engine-rest"
        self._wait_for_version(deadline)
        self._deploy(sorted(MODELS.glob("*.bpmn")))

    def _port(self, port_file: Path, deadline: float) -> int:
        while True:
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(port_file.read_text())
            self._wait("it opens a port", deadline)

    def _wait_for_version(self, deadline: float) -> None:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self._url}/version", timeout=ANSWER_TIMEOUT_S):
                return
            self._wait("it answers", deadline)

    def _wait(self, until: str, deadline: float) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise CannotRun(f"the engine ended with {self._process.returncode} before {until}:\n{self.log_tail()}")
        if time.monotonic() > deadline:
            raise CannotRun(f"the engine took more than {self._start_timeout_s} s until {until}:\n{self.log_tail()}")
        time.sleep(0.1)

    def _deploy(self, models: list[Path]) -> None:
        boundary = uuid.uuid4().hex
        parts = [_part(boundary, 'name="deployment-name"', b"models")]
        parts += [_part(boundary, f'name="{path.name}"; filename="{path.name}"', path.read_bytes()) for path in models]
        request = urllib.request.Request(
            f"{self._url}/deployment/create",
            data=b"".join((*parts, f"--{boundary}--\r\n".encode())),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        try:
            urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S).close()
        except urllib.error.HTTPError as refused:
            reason = refused.read().decode("utf-8", "replace")
            raise CannotRun(f"the engine refused the models: {refused.code} {reason}\n{self.log_tail()}") from refused


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _part(boundary: str, disposition: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n"
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"

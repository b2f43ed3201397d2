"""Workers: processes that share the ports, are started again when they die, and end when their parent does."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway import config
from gateway.cli.output import print_error
from gateway.config import Config
from gateway.observe.metrics import forget_worker

_RESTART_S = 1.0
"""Pause before a dead worker is started again, so that a broken one does not use up a core."""
_POLL_S = 0.1
"""Pause between two looks at which workers are alive."""
_START_S = 3.0
"""A worker that gives up sooner than this after the first start would give up on every further try as well."""
_METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"


def supervise(read: Config, path: Path, count: int) -> int:
    """Keep ``count`` workers alive until a signal; return the exit code."""
    server = read.server
    try:
        with contextlib.ExitStack() as held:
            for host, port in ((server.host, server.port), (server.admin_host, server.admin_port)):
                _refuse_used(host, port, held)
    except OSError as error:
        print_error(f"error: cannot listen: {error.strerror}")
        return 1
    with tempfile.TemporaryDirectory(prefix="varbridge-metrics-") as directory:
        return _Workers(path, count, directory).run()


def _refuse_used(host: str, port: int, held: contextlib.ExitStack) -> None:
    """Refuse a port that somebody listens on: workers of two gateways would share it silently.

    ``held`` keeps the port until the other one is checked: callers and operators must not share a port either.

    Raises:
        OSError: the port is in use, or is 0.
    """
    if port == 0:
        raise OSError(0, f"{host}: workers share a port, so it cannot be 0")
    for family, kind, protocol, _, address in socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM):
        probe = held.enter_context(socket.socket(family, kind, protocol))
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as the event loop does
        try:
            probe.bind(address)
            probe.listen()  # with SO_REUSEADDR only a port that is listened on counts as in use
        except OSError as error:
            raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error


class _Workers:
    """The workers of one gateway.

    Args:
        directory: where they put their metrics, which are summed up there.
    """

    def __init__(self, path: Path, count: int, directory: str) -> None:
        self._path, self._directory = path, directory
        self._count = count
        self._signals = 0
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self) -> int:
        """Run them; return the exit code: 0 if all ended as they should."""
        for number in (signal.SIGTERM, signal.SIGINT):
            _ = signal.signal(number, self._signalled)
        _ = signal.signal(signal.SIGHUP, lambda _number, _frame: self._send(signal.SIGHUP))
        self._running = [self._start() for _ in range(self._count)]
        begun = time.monotonic()
        while not self._signals:
            time.sleep(_POLL_S)
            ended = [index for index, process in enumerate(self._running) if process.poll() is not None]
            gave_up = any((self._running[index].returncode or 0) > 0 for index in ended)
            if gave_up and time.monotonic() - begun < _START_S:
                break  # it could not even start; another try would end the same
            if ended:
                self._revive(ended)
        self._send(signal.SIGKILL if self._signals > 1 else signal.SIGTERM)
        return max(_exit_code(process.wait()) for process in self._running)

    def _signalled(self, _number: int, _frame: object) -> None:
        self._signals += 1
        if self._signals > 1:
            self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(number)

    def _revive(self, ended: list[int]) -> None:
        for index in ended:
            gone = self._running[index]
            forget_worker(gone.pid, self._directory)
            with contextlib.suppress(OSError):  # nobody reads, or the disk is full: no reason to stop
                print_error(f"worker {gone.pid} ended ({gone.returncode}); another starts")
        time.sleep(_RESTART_S)
        for index in ended:
            if not self._signals:
                self._running[index] = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a worker in a process group of its own: Ctrl-C reaches the parent, which passes it on once."""
        command = [sys.executable, "-m", "gateway", "serve", "--worker", "--config", str(self._path)]
        environ = {**config.environment(), _METRICS_DIR: self._directory}
        return subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - ourselves


def _exit_code(code: int) -> int:
    """Return the exit code that a worker's end means; one that SIGTERM met before it listened for signals is fine."""
    if code in {0, -signal.SIGTERM}:
        return 0
    return code if code > 0 else 1

"""`python -m tests.live.demo`: the gateway's demo in front of a real Camunda 7.24 engine; further arguments go to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from tests.live.server import STOP_TIMEOUT_S, CannotRun, LiveEngine, dies_with_parent, start_instance

# What the demo changes (amount, note, obsolete) and one of each other kind to look at.
VARIABLES = {
    "amount": {"value": 1200, "type": "Integer"},
    "note": {"value": "to be checked", "type": "String"},
    "obsolete": {"value": True, "type": "Boolean"},
    "rate": {"value": 0.19, "type": "Double"},
    "due": {"value": "2026-01-31T12:00:00.000+0000", "type": "Date"},
    "applicant": {"value": '{"name": "Ada", "tags": ["new"]}', "type": "Json"},
}


def main(arguments: Sequence[str]) -> int:
    """Runs the demo until it ends and gives its exit code; 1 where the engine cannot run."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        print("Starting Camunda 7.24 (the first time: building it) …", flush=True)
        with LiveEngine() as engine:
            print(f"Camunda 7.24 answers at {engine.url}", flush=True)
            where = ("--camunda-url", engine.url, "--camunda-instance", start_instance(engine.url, VARIABLES))
            return _run((sys.executable, "-m", "gateway", "demo", *where, *arguments))
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(command: Sequence[str]) -> int:
    # In a group of its own: Ctrl-C reaches it once, through us, and the engine is ended after it.
    child = subprocess.Popen(command, process_group=0, preexec_fn=dies_with_parent(signal.SIGTERM))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: child.send_signal(received))
    try:
        code = child.wait()
    finally:
        _end(child)
    return 128 - code if code < 0 else code


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

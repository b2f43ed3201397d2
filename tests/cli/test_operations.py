"""A bulk operation from the command line, through a gateway that is killed in the middle of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.camunda7.fake import Fake
from gateway.cli.served import Served
from tests.cli.programs import free_port, ready, running, varbridge, wait_until

INSTANCES = 400


class Counting(Fake):
    """Counts the writes of each instance."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: Counter[str] = Counter()

    def answer(self, request: Any) -> Any:
        if request.method == "POST" and request.path[2:] == ("variables",):
            self.writes[request.path[1]] += 1
        return super().answer(request)


@pytest.fixture
def served() -> Iterator[Served]:
    """An engine that outlives every gateway."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    fake = Counting()
    for _ in range(INSTANCES):
        fake.start("invoice", {"note": {"type": "String", "value": "old"}})
    engine = Served(fake)
    asyncio.run_coroutine_threadsafe(engine.start(), loop).result(10)
    yield engine
    asyncio.run_coroutine_threadsafe(engine.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def test_operation_survives_kills_and_writes_nothing_twice(served: Served, tmp_path: Path) -> None:
    port, admin = free_port(), free_port()
    config = tmp_path / "varbridge.toml"
    config.write_text(
        f"""
        [server]
        port = {port}
        admin_port = {admin}
        [auth]
        open = true
        [store]
        url = "sqlite:///{tmp_path}/store.db"
        [engines.hr]
        vendor = "camunda7"
        url = "{served.url}"
        """
    )
    there = {"VARBRIDGE_URL": f"http://127.0.0.1:{port}"}
    fake: Any = served.fake
    operation = ""
    for kills in (1, 2):
        with running("serve", "--config", str(config)) as program:
            wait_until(lambda: ready(admin))
            if not operation:
                begun = varbridge("operations", "start", "--name", "note", "--set", 'note="new"', "--json", **there)
                operation = json.loads(begun.stdout)["id"]
            goal = kills * INSTANCES // 3
            wait_until(lambda goal=goal: len(fake.writes) >= goal)
            os.kill(program.process.pid, signal.SIGKILL)
            program.process.wait()
    with running("serve", "--config", str(config)):
        wait_until(lambda: ready(admin))
        ended = varbridge("operations", "wait", operation, "--json", **there)
        results = json.loads(varbridge("operations", "results", operation, "--json", **there).stdout)
        shown = varbridge("operations", "show", operation, **there)
        missing = varbridge("operations", "cancel", operation, **there)
    assert (ended.returncode, json.loads(ended.stdout)["done"]) == (0, INSTANCES), ended.stderr
    assert len(fake.writes) == INSTANCES
    assert set(fake.writes.values()) == {1}
    assert {each["status"] for each in results} == {"done"}
    assert "completed" in shown.stdout
    assert (missing.returncode, "instance-state-conflict" in missing.stderr) == (1, True)

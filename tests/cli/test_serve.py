"""``serve`` and ``check``, as processes."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.programs import ROOT, free_port, get, ready, running, varbridge, wait_until

CONFIG = """
[server]
port = {port}
admin_port = {admin}
grace_s = 10
[auth]
open = true
[store]
url = "sqlite:///{store}"
[engines.hr]
vendor = "camunda7"
url = "{url}"
"""


class Slow(http.server.BaseHTTPRequestHandler):
    """An engine that answers when it is let."""

    asked, let = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        type(self).asked.set()
        type(self).let.wait(20)
        body = b'{"id": "1", "definitionId": "d:1:1", "suspended": false}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None: ...


@pytest.fixture
def slow() -> Iterator[str]:
    Slow.asked.clear()
    Slow.let.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Slow.let.set()
    server.shutdown()


def written(tmp_path: Path, url: str = "http://127.0.0.1:1", store: str = "") -> tuple[Path, int, int]:
    port, admin = free_port(), free_port()
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(port=port, admin=admin, url=url, store=store or tmp_path / "store.db"))
    return path, port, admin


def test_gateway_is_ready_serves_and_ends_what_it_began(tmp_path: Path, slow: str) -> None:
    path, port, admin = written(tmp_path, slow)
    with running("serve", "--config", str(path)) as program:
        Slow.let.set()
        wait_until(lambda: ready(admin))
        assert get(admin, "/healthz") == (200, {"status": "alive"})
        Slow.let.clear()
        Slow.asked.clear()
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        kept.request("GET", "/v1/instances/hr:1?engine=hr")
        assert Slow.asked.wait(20)
        program.process.send_signal(signal.SIGTERM)
        program.wait_for('"stopping"')
        Slow.let.set()
        answer = kept.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert program.process.wait(20) == 0
        lines = [json.loads(line) for line in program.text().splitlines()]
        (request,) = [line for line in lines if line["event"] == "request"]
        assert (request["route"], request["status"], request["engine"]) == ("/v1/instances/{instance}", 200, "hr")


def test_engine_that_is_down_shows_and_costs_only_its_callers(tmp_path: Path) -> None:
    path, port, admin = written(tmp_path)
    with running("serve", "--config", str(path)) as program:
        wait_until(lambda: ready(admin))
        status, found = get(admin, "/readyz")
        assert (status, found["engines"]["hr"]["up"]) == (200, False)
        assert get(port, "/v1/engines")[1]["engines"][0]["health"] == "down"
        body = '{"value": "MARKER-VALUE"}'
        status, problem = get(port, "/v1/instances/hr:1/variables/x", "PUT", body)
        assert (status, problem["code"], problem["outcome"]) == (503, "engine-unavailable", "not_applied")
        status, metrics = get(admin, "/metrics")
        assert 'outcome="engine-unavailable"' in metrics
        assert program.end() == 0
        assert "MARKER-VALUE" not in program.text() + metrics


def test_store_that_is_missing_shows_and_the_rest_is_served(tmp_path: Path) -> None:
    path, port, admin = written(tmp_path, store="/nowhere/at/all/store.db")
    with running("serve", "--config", str(path)) as program:
        program.wait_for('"started"')
        status, found = get(admin, "/readyz")
        assert (status, found["ready"], found["store"]) == (503, False, {"up": False})
        assert get(port, "/v1/engines")[0] == 200
        assert '"store_unavailable"' in program.text()
        assert program.end() == 0
    reached = varbridge("check", str(path), "--reach", "--json")
    assert (reached.returncode, json.loads(reached.stdout)["store"]) == (1, {"up": False})


def test_second_signal_ends_at_once(tmp_path: Path, slow: str) -> None:
    path, port, admin = written(tmp_path, slow)
    with running("serve", "--config", str(path)) as program:
        Slow.let.set()
        wait_until(lambda: ready(admin))
        Slow.let.clear()
        Slow.asked.clear()
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"GET /v1/instances/hr:1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert Slow.asked.wait(20)
            program.process.send_signal(signal.SIGTERM)
            program.wait_for('"stopping"')
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(5) != 0


def test_ports_that_the_system_picks_are_logged_and_answer(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(port=0, admin=0, url="http://127.0.0.1:1", store=tmp_path / "store.db"))
    with running("serve", "--config", str(path)) as program:
        program.wait_for('"started"')
        line = next(json.loads(line) for line in program.said if '"started"' in line)
        assert get(line["admin_port"], "/healthz") == (200, {"status": "alive"})
        assert get(line["port"], "/v1/engines")[0] == 200


def test_port_in_use_is_said_without_a_traceback(tmp_path: Path) -> None:
    path, port, _ = written(tmp_path)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = varbridge("serve", "--config", str(path))
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_gateway_without_an_error_stream_serves(tmp_path: Path) -> None:
    path, port, admin = written(tmp_path)
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(path)]
    process = subprocess.Popen(["sh", "-c", 'exec "$@" 2>&-', "sh", *command], cwd=ROOT)
    try:
        wait_until(lambda: ready(admin) or process.poll() is not None)
        assert get(port, "/v1/engines")[0] == 200
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_workers_do_not_take_one_port_for_callers_and_operators(tmp_path: Path) -> None:
    path, port, _ = written(tmp_path)
    same = {"VARBRIDGE__SERVER__ADMIN_HOST": "localhost", "VARBRIDGE__SERVER__ADMIN_PORT": str(port)}
    for workers in ("1", "2"):
        with running("serve", "--config", str(path), "--workers", workers, **same) as program:
            program.wait_for("cannot listen")
            assert program.process.wait(10) == 1


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def counted(metrics: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith("varbridge_request_duration_seconds_count{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_workers_share_the_port_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    path, port, admin = written(tmp_path)
    with running("serve", "--config", str(path), "--workers", "2") as program:
        wait_until(lambda: ready(admin) and len(children(program.process.pid)) == 2)
        first, second = children(program.process.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(set(children(program.process.pid)) - {first}) == 2)
        wait_until(lambda: ready(admin))
        assert all(get(port, "/v1/engines")[0] == 200 for _ in range(10))
        wait_until(lambda: counted(get(admin, "/metrics")[1]) == 10.0)  # whichever worker answers, it sums up all
        alive = children(program.process.pid)
        assert second in alive
        assert program.end() == 0
        assert not [pid for pid in alive if Path(f"/proc/{pid}").exists()]


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def unread() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("opened", [full, unread], ids=["full-disk", "pipe-that-nobody-reads"])
def test_log_that_cannot_be_written_costs_no_request(tmp_path: Path, opened: Callable[[], int]) -> None:
    path, port, admin = written(tmp_path)
    errors = opened()
    with running("serve", "--config", str(path), errors=errors) as program:
        os.close(errors)
        wait_until(lambda: ready(admin))
        assert [get(port, target)[0] for target in ("/v1/engines", "/nope") * 30] == [200, 404] * 30
        assert get(port, "/v1/instances/hr:1")[0] == 503
        assert program.end() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full and /proc")
def test_worker_that_dies_is_replaced_even_if_it_cannot_be_told(tmp_path: Path) -> None:
    path, port, admin = written(tmp_path)
    errors = full()
    with running("serve", "--config", str(path), "--workers", "2", errors=errors) as program:
        os.close(errors)
        wait_until(lambda: ready(admin) and len(children(program.process.pid)) == 2)
        first, _ = children(program.process.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: program.process.poll() is not None or len({*children(program.process.pid)} - {first}) == 2)
        assert get(port, "/v1/engines")[0] == 200
        assert program.end() == 0


def test_several_workers_on_a_store_that_they_cannot_share_are_refused_with_the_reason(tmp_path: Path) -> None:
    path, _, _ = written(tmp_path, store=":memory:")
    served = varbridge("serve", "--config", str(path), "--workers", "2")
    path.write_text(path.read_text().replace("[server]", "[server]\nworkers = 2"))
    checked = varbridge("check", str(path), "--reach")
    reason = "server.workers: only 1 with this store: a database in memory is one process's own"
    assert [(each.returncode, reason in each.stderr) for each in (served, checked)] == [(3, True), (3, True)]


def test_check_says_what_is_wrong_and_where(tmp_path: Path) -> None:
    path, _, _ = written(tmp_path)
    assert varbridge("check", str(path)).returncode == 0
    reached = varbridge("check", str(path), "--reach", "--json")
    found = json.loads(reached.stdout)
    assert (reached.returncode, found["health"]["hr"]["up"], found["store"]) == (1, False, {"up": True})
    path.write_text(
        path.read_text() + '\n[engines.hr.auth]\nkind = "basic"\nusername = "u"\npassword = "env:NOT_THERE"\n'
    )
    assert varbridge("check", str(path)).returncode == 0
    missing = varbridge("check", str(path), "--secrets")
    assert (missing.returncode, "engines.hr.auth.password" in missing.stderr) == (3, True)
    path.write_text(path.read_text().replace("grace_s", "graze_s"))
    wrong = varbridge("check", str(path))
    assert wrong.returncode == 3
    assert f"{path}: server.graze_s: unknown key" in wrong.stderr
    assert varbridge("check", str(tmp_path / "none.toml")).returncode == 3
    assert varbridge("serve").returncode == 2


def test_check_warns_of_a_front_door_that_is_open_to_clients_without_credentials_only(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[auth]\nopen = true\n[engines.hr]\nvendor = "camunda7"\nurl = "http://127.0.0.1:1/engine-rest"\n'
        '[dialects.camunda7]\nvendor = "camunda7"\nprefix = "/engine-rest"\nengine = "hr"\n'
    )
    checked = varbridge("check", str(path))
    assert (checked.returncode, checked.stdout) == (0, f"{path}: can be used; engines: hr\n")
    assert checked.stderr.startswith(f"warning: {path}: dialects.camunda7: `open` lets in callers without credentials")
    (warning,) = json.loads(varbridge("check", str(path), "--json").stdout)["warnings"]
    assert checked.stderr == f"warning: {warning}\n"

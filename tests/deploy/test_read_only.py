"""On a root that cannot be written to, as image, chart and unit have it: but for temporary files and the store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.cli.programs import LONGEST_S, ROOT, free_port, get, ready, wait_until

READ_ONLY = """
mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mount -o remount,ro,bind / || exit 77
if touch /written 2>/dev/null; then exit 78; fi
mkdir /mnt/state "$TMPDIR" && printf %s "$CONFIG" >/mnt/gateway.toml && cd /mnt/state && exec "$@"
"""
CONFIG = """
[server]
port = {port}
admin_port = {admin}
workers = 2
grace_s = 2.0
[auth]
open = true
[engines.hr]
vendor = "camunda7"
url = "http://127.0.0.1:1/engine-rest"
"""
ISOLATED = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh")
ENVIRON = {**os.environ, "TMPDIR": "/mnt/tmp", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def isolated() -> tuple[str, ...]:
    """What to put before a command so that it finds a read-only root."""
    if shutil.which("unshare") is None or "/mnt" in map(str, ROOT.parents):
        pytest.skip("no namespaces here, or the tests are where the writable part would be")
    tried = subprocess.run([*ISOLATED, "true"], env={**ENVIRON, "CONFIG": ""}, capture_output=True, check=False)
    if tried.returncode not in {0, 78}:
        pytest.skip(f"no mount namespaces here: {tried.stderr.decode()}")
    assert tried.returncode == 0, "the root can be written to"
    return ISOLATED


def test_gateway_with_workers_serves_on_a_read_only_root(isolated: tuple[str, ...]) -> None:
    port, admin = free_port(), free_port()
    command = [*isolated, sys.executable, "-B", "-m", "gateway", "serve", "--config", "/mnt/gateway.toml"]
    environ = {**ENVIRON, "CONFIG": CONFIG.format(port=port, admin=admin)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            wait_until(lambda: ready(admin) or process.poll() is not None)
            assert get(port, "/v1/engines")[0] == 200
            wait_until(lambda: "varbridge_request_duration_seconds_count" in get(admin, "/metrics")[1])
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONGEST_S) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

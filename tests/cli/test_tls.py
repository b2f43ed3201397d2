"""TLS, as processes: workers that share the port, files renewed under them, and files that cannot be used."""

from __future__ import annotations

import http.client
import signal
import ssl
from pathlib import Path

from tests.authority import DAY, Authority, Pair
from tests.cli.programs import free_port, get, ready, running, varbridge, wait_until

CONFIG = """
[server]
port = {port}
admin_port = {admin}
watch = {watch}
[server.tls]
certificate = "file:{folder}/server.pem"
key = "{folder}/server.key"
client_ca = "{folder}/authority.pem"
[[auth.callers]]
name = "portal"
certificate = {{ subject = "CN=portal" }}
scopes = ["instances:read"]
[store]
url = "sqlite:///{folder}/store.db"
[engines.hr]
vendor = "camunda7"
url = "http://127.0.0.1:1"
"""


class Site:
    """A configuration with TLS, and what a gateway with it says to `portal`."""

    def __init__(self, folder: Path, *, watch: bool) -> None:
        self.authority, self.port, self.admin = Authority(folder), free_port(), free_port()
        self.pair, self.portal = self.authority.sign(), self.authority.sign("CN=portal", "portal")
        self.path = folder / "gateway.toml"
        text = CONFIG.format(port=self.port, admin=self.admin, folder=folder, watch=str(watch).lower())
        self.path.write_text(text)

    def connected(self) -> http.client.HTTPSConnection:
        context = self.authority.client(self.portal)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        connection.connect()
        return connection

    def answer(self, connection: http.client.HTTPSConnection) -> int:
        connection.request("GET", "/v1/engines")
        answer = connection.getresponse()
        _ = answer.read()
        return answer.status

    def serial(self) -> int:
        """The serial number of the certificate that a new connection is shown, by a gateway that then answers."""
        connection = self.connected()
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert()
        assert shown is not None
        assert self.answer(connection) == 200
        connection.close()
        return int(str(shown["serialNumber"]), 16)


def test_every_worker_shows_a_renewed_certificate_and_open_connections_live_on(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=True)
    with running("serve", "--config", str(site.path), "--workers", "2"):
        wait_until(lambda: ready(site.admin))
        before, kept = site.serial(), site.connected()
        assert site.answer(kept) == 200
        _ = site.authority.sign()
        wait_until(lambda: all(site.serial() > before for _ in range(20)))
        assert site.answer(kept) == 200
        kept.close()


def test_file_that_has_expired_is_refused_by_check_and_by_a_reload_that_changes_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path)) as program:
        wait_until(lambda: ready(site.admin))
        before = site.serial()
        _ = site.authority.sign(start=-2 * DAY, end=-DAY)
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: get(site.admin, "/readyz")[1]["configuration"]["error"] is not None)
        assert "server.tls.certificate: expired on " in get(site.admin, "/readyz")[1]["configuration"]["error"]
        assert site.serial() == before
    said = varbridge("check", str(site.path), "--secrets")
    assert (said.returncode, "server.tls.certificate: expired on " in said.stderr) == (3, True)
    assert varbridge("check", str(site.path)).returncode == 0  # looks at no file but its own


def test_start_with_a_key_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    other = site.authority.sign(file="other")
    Pair(site.pair.certificate, site.pair.key).key.write_bytes(other.key.read_bytes())
    said = varbridge("serve", "--config", str(site.path))
    assert (said.returncode, "server.tls.key: does not fit the certificate" in said.stderr) == (3, True)

"""The composition with TLS: what its script makes is what the gateway and the engine find, and both sides trust each other."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from gateway import app, config
from tests.authority import Pair
from tests.deploy.test_compose import FOLDER, GATEWAY, SERVICES, mounts
from tests.wire.scripted import Scripted, says
from tests.wire.test_http1_pool import Ports

ADDED: dict[str, Any] = yaml.safe_load((FOLDER / "tls.yaml").read_text(encoding="utf-8"))["services"]
LONG = b'{"type":"Long","value":7,"valueInfo":{}}'
SAYS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(LONG), LONG)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder, with what both scripts make."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("compose")
    for script in ("secrets.sh", "certificates.sh"):
        run_in(folder, script)
    return folder


def run_in(folder: Path, script: str) -> None:
    done = subprocess.run([shutil.copy(FOLDER / script, folder)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def trusting(authority: Path, pair: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def here(made: Path, service: str) -> dict[str, str]:
    """What the environment of a service says, with the folders on this machine in place of those in the container."""
    environment = dict(ADDED[service]["environment"])
    for source, target in mounts(ADDED[service]):
        assert (made / source).is_dir(), source
        for name, value in environment.items():
            environment[name] = value.replace(target, str(made / source))
    return environment


def resolved(made: Path, tmp_path: Path, engine: str) -> config.Config:
    """The gateway's configuration on this machine: the file's, over it what the composition sets, over it other ports."""
    text = GATEWAY.read_text(encoding="utf-8").replace("/run/secrets", str(made / "secrets"))
    path = tmp_path / "gateway.toml"
    path.write_text(text.replace("0.0.0.0", "127.0.0.1"), encoding="utf-8")
    environment = here(made, "gateway") | {
        "VARBRIDGE__ENGINES__HR__URL": engine,
        "VARBRIDGE__SERVER__PORT": "0",
        "VARBRIDGE__SERVER__ADMIN_PORT": "0",
        "VARBRIDGE__STORE__URL": "sqlite:///:memory:",
    }
    return config.resolve(config.load(path, environment, app.VENDORS), environment)


def test_services_are_those_of_the_composition_and_folders_are_readable_to_their_users(made: Path) -> None:
    assert set(ADDED) <= set(SERVICES)
    for service in ADDED.values():
        for source, _ in mounts(service):
            files = [made / source, *(made / source).iterdir()]
            assert [path for path in files if not path.stat().st_mode & 0o004] == []
    assert (made / "secrets").stat().st_mode & 0o077 == 0


def test_second_run_of_the_script_changes_no_certificate(made: Path) -> None:
    before = {path: path.read_bytes() for path in (made / "secrets").rglob("*") if path.is_file()}
    run_in(made, "certificates.sh")
    assert {path: path.read_bytes() for path in (made / "secrets").rglob("*") if path.is_file()} == before


def test_engine_has_a_file_for_each_setting_and_its_address_is_https(made: Path) -> None:
    environment = here(made, "engine")
    assert environment.pop("SERVER_SSL_CLIENTAUTH") == "need"
    assert [value for value in environment.values() if not Path(value.removeprefix("file:")).is_file()] == []
    assert ADDED["gateway"]["environment"]["VARBRIDGE__ENGINES__HR__URL"] == "https://engine:8080/engine-rest"


async def test_caller_with_a_certificate_reaches_an_engine_that_asks_for_the_gateways(
    made: Path, tmp_path: Path
) -> None:
    names = ("CERTIFICATE", "CERTIFICATEPRIVATEKEY", "TRUSTCERTIFICATE")
    files = here(made, "engine")
    certificate, key, trusted = (Path(files[f"SERVER_SSL_{name}"].removeprefix("file:")) for name in names)
    secrets = made / "secrets"
    caller = Pair(secrets / "portal.pem", secrets / "portal.key")
    password = (secrets / "portal_password").read_text()
    portal = {"Authorization": aiohttp.encode_basic_auth("portal", password)}
    async with Ports(Scripted(says(SAYS)), Pair(certificate, key).server(client_ca=trusted)) as engine:
        application = app.Application(resolved(made, tmp_path, engine.url))
        await application.start()
        url = f"https://127.0.0.1:{application.ports[0]}/v1/instances/hr:1/variables/amount"
        try:
            async with aiohttp.ClientSession(headers=portal) as session:
                async with session.get(url, ssl=trusting(secrets / "authority.pem", caller)) as answer:
                    assert (answer.status, (await answer.json())["value"]) == (200, 7)
                with pytest.raises(aiohttp.ClientError):
                    _ = await session.get(url, ssl=trusting(secrets / "authority.pem"))
        finally:
            await application.stop()

"""The composition: its files fit together, its secrets are those that its script makes, and its gateway can be used."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import config
from gateway.app import VENDORS
from tests.cli.programs import ROOT
from tests.deploy.dockerfile import VERSION, loose
from tests.deploy.promql import alerts, dashboard
from tests.deploy.tools import run
from tests.house.test_help import parsed

FOLDER = ROOT / "deploy" / "compose"
COMPOSED: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSED["services"]
GATEWAY = FOLDER / "gateway" / "gateway.toml"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that the script makes, beside a copy of it."""
    script = shutil.copy(FOLDER / "secrets.sh", tmp_path)
    for _ in range(2):  # a second run changes nothing
        before = {path.name: path.read_bytes() for path in (tmp_path / "secrets").glob("*")}
        subprocess.run([script], check=True)
    folder = tmp_path / "secrets"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return folder


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Files and folders of the repository that a service is given, and where."""
    pairs = [each.split(":")[:2] for each in service.get("volumes", ())]
    return [(source, target) for source, target in pairs if source.startswith(".")]


@pytest.mark.parametrize("name", SERVICES, ids=str)
def test_service_has_a_version_and_what_it_mounts_and_only_this_machine_reaches_it(name: str) -> None:
    service = SERVICES[name]
    assert not loose(service["image"])
    assert [source for source, _ in mounts(service) if not (FOLDER / source).exists()] == []
    assert [each for each in service.get("ports", ()) if not each.startswith("127.0.0.1:")] == []
    assert set(service.get("secrets", ())) <= set(COMPOSED["secrets"])
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    for value in service.get("environment", {}).values():
        if value.startswith("/run/secrets/"):
            assert Path(value).name in service["secrets"]


def test_gateway_is_built_from_here() -> None:
    build = SERVICES["gateway"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).resolve() == ROOT / "deploy" / "Dockerfile"


@pytest.mark.parametrize("name", ["gateway", "worker"])
def test_process_of_ours_may_do_nothing_that_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["image"] == f"varbridge:{VERSION}"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_worker_is_started_as_the_command_line_takes_it() -> None:
    assert parsed(SERVICES["worker"]["command"]) == "worker"


@pytest.mark.parametrize("name", ["gateway", "worker"])
def test_process_of_ours_has_time_to_stop(name: str) -> None:
    server = config.load(GATEWAY, {}, VENDORS).server
    assert float(SERVICES[name]["stop_grace_period"].removesuffix("s")) > server.drain_wait_s + server.grace_s


def test_secrets_are_those_that_the_script_makes_and_others_cannot_list_them(secrets: Path) -> None:
    named = {name: Path(entry["file"]) for name, entry in COMPOSED["secrets"].items()}
    assert {path.name for path in secrets.iterdir()} == {path.name for path in named.values()} == set(named)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert len({path.read_text() for path in secrets.iterdir()}) == len(named)
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert used == set(named)


def test_configuration_of_the_gateway_can_be_used_with_these_secrets(secrets: Path, tmp_path: Path) -> None:
    text = GATEWAY.read_text(encoding="utf-8")
    path = tmp_path / "gateway.toml"
    path.write_text(text.replace("/run/secrets", str(secrets)), encoding="utf-8")
    resolved = config.resolve(config.load(path, {}, VENDORS), {})
    assert resolved.store.url.startswith("postgresql+psycopg://varbridge:")
    assert (secrets / "postgres_password").read_text() in resolved.store.url
    assert text.count("/run/secrets/") == len(SERVICES["gateway"]["secrets"])
    assert config.warnings(resolved) == ()


def test_prometheus_asks_the_admin_port_and_has_the_alerts(tmp_path: Path) -> None:
    own = yaml.safe_load((FOLDER / "prometheus.yaml").read_text(encoding="utf-8"))
    (job,) = own["scrape_configs"]
    server = config.load(GATEWAY, {}, VENDORS).server
    assert job["static_configs"] == [{"targets": [f"gateway:{server.admin_port}"]}]
    assert server.admin_host == "0.0.0.0"
    assert "varbridge" in job["job_name"], "rules select it by its name"
    for source, target in mounts(SERVICES["prometheus"]):
        shutil.copy(FOLDER / source, tmp_path / Path(target).name)
    done = run("promtool", "check", "config", "--lint=all", "--lint-fatal", tmp_path / "prometheus.yml")
    assert (done.returncode, f"{len(alerts())} rules found" in done.stdout) == (0, True), done


def test_grafana_finds_the_dashboard_and_its_source() -> None:
    targets = dict(map(reversed, mounts(SERVICES["grafana"])))
    (provider,) = yaml.safe_load((FOLDER / "grafana" / "dashboards.yaml").read_text(encoding="utf-8"))["providers"]
    (shown,) = [
        source for target, source in targets.items() if Path(target).parent == Path(provider["options"]["path"])
    ]
    assert os.path.samefile(FOLDER / shown, ROOT / "deploy" / "grafana" / "varbridge.json")
    (source,) = yaml.safe_load((FOLDER / "grafana" / "datasource.yaml").read_text(encoding="utf-8"))["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (variable,) = [each for each in dashboard()["templating"]["list"] if each["type"] == "datasource"]
    assert variable["query"] == source["type"]

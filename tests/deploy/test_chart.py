"""The Helm chart: right by helm itself; its parts fit one another, and the gateway's configuration and drain."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import jsonschema
import pytest
import yaml

from gateway import config
from gateway.app import VENDORS
from tests.authority import Authority
from tests.deploy.chart import ALONE, CHART, EXAMPLE, Refused, rendered
from tests.deploy.dockerfile import VERSION
from tests.deploy.promql import DASHBOARD, RULES
from tests.deploy.tools import run
from tests.house.test_help import parsed

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def objects() -> dict[tuple[str, str], Any]:
    return rendered()


def pod(objects: dict[tuple[str, str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = objects["Deployment", ""]["spec"]["template"]
    return found


def gateway_toml(objects: dict[tuple[str, str], Any]) -> config.Config:
    text = objects["ConfigMap", ""]["data"]["gateway.toml"]
    return config.parse(tomllib.loads(text), VENDORS, "chart")


# Without helm


def test_chart_is_of_the_version_that_it_installs() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_values_and_example_fit_the_schema_which_names_every_value() -> None:
    example = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    for values in (VALUES, VALUES | {name: each for name, each in example.items() if not isinstance(each, dict)}):
        jsonschema.validate(values, SCHEMA)
    assert set(SCHEMA["properties"]) == set(VALUES) | {"global"}
    for name, inner in SCHEMA["properties"].items():
        if "properties" in inner:
            assert set(inner["properties"]) == set(VALUES[name]), name


def test_files_that_come_from_outside_the_chart_are_links_to_them() -> None:
    assert (CHART / "files" / "rules.yaml").resolve() == RULES
    assert (CHART / "files" / "varbridge.json").resolve() == DASHBOARD


# With helm


def test_helm_finds_nothing_wrong() -> None:
    done = run("helm", "lint", "--strict", CHART, "--values", EXAMPLE)
    assert (done.returncode, "0 chart(s) failed" in done.stdout) == (0, True), done


def test_configuration_loads_and_its_secrets_are_mounted(objects) -> None:
    found = gateway_toml(objects)
    assert config.warnings(found) == ()
    (container,) = pod(objects)["spec"]["containers"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in pod(objects)["spec"]["volumes"]}
    assert set(mounts.values()) == set(volumes)
    secrets = {path: name for path, kind, name in mounted(objects) if kind == "secrets"}
    authorities = {path: name for path, kind, name in mounted(objects) if kind == "authorities"}
    assert {volumes[mounts[path]]["secret"]["secretName"] for path in secrets} == set(secrets.values())
    assert {volumes[mounts[path]]["configMap"]["name"] for path in authorities} == set(authorities.values())
    assert all(volumes[mounts[path]]["secret"]["defaultMode"] == 0o440 for path in secrets)
    assert {*secrets, *authorities} == {path for path in mounts if path.startswith("/run/")}
    assert volumes[mounts["/etc/varbridge"]]["configMap"]["name"] == objects["ConfigMap", ""]["metadata"]["name"]


def mounted(objects: dict[tuple[str, str], Any]) -> set[tuple[str, str, str]]:
    """Each folder that the configuration names, with its kind and the name of its Secret or ConfigMap."""
    text = objects["ConfigMap", ""]["data"]["gateway.toml"]
    return set(re.findall(r"(/run/(secrets|authorities)/varbridge/([\w-]+))/[\w.]+", text))


def test_certificates_that_are_mounted_serve_callers_and_engine(objects, tmp_path) -> None:
    clients, engines = Authority(tmp_path, "clients-ca"), Authority(tmp_path, "hr-ca")
    files = {
        "authorities/varbridge/clients-ca/ca.crt": clients.ca,
        "authorities/varbridge/hr-ca/ca.crt": engines.ca,
        "secrets/varbridge/varbridge-store/url": tmp_path / "url",
        "secrets/varbridge/varbridge-hr/password": tmp_path / "password",
    }
    for name in ("varbridge-server-tls", "varbridge-hr-tls"):
        pair = clients.sign(file=name)
        files |= {f"secrets/varbridge/{name}/tls.crt": pair.certificate, f"secrets/varbridge/{name}/tls.key": pair.key}
    (tmp_path / "url").write_text("postgresql+psycopg://postgres/varbridge")
    (tmp_path / "password").write_text("secret")
    for name, path in files.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "run" / name)
    text = objects["ConfigMap", ""]["data"]["gateway.toml"].replace("/run/", f"{tmp_path}/run/")
    found = config.resolve(config.parse(tomllib.loads(text), VENDORS, "chart"), {})
    assert found.server.tls is not None
    assert found.server.tls.client_ca == f"{tmp_path}/run/authorities/varbridge/clients-ca/ca.crt"
    assert found.engines["hr"].tls_digest


def test_service_says_what_the_port_speaks(objects) -> None:
    ((secure,), (plain,)) = (
        each["Service", ""]["spec"]["ports"] for each in (objects, rendered(None, config=ALONE, replicaCount=1))
    )
    assert (secure["appProtocol"], plain["appProtocol"]) == ("https", "http")


def test_ports_and_probes_are_those_of_the_configuration(objects) -> None:
    server = gateway_toml(objects).server
    (container,) = pod(objects)["spec"]["containers"]
    assert {each["name"]: each["containerPort"] for each in container["ports"]} == {
        "http": server.port,
        "admin": server.admin_port,
    }
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert asked == {
        "startup": {"path": "/healthz", "port": "admin"},
        "readiness": {"path": "/readyz", "port": "admin"},
        "liveness": {"path": "/healthz", "port": "admin"},
    }


@pytest.mark.parametrize(
    ("changes", "drain_s"),
    [
        pytest.param({}, 10, id="default"),
        pytest.param({"readinessProbe__periodSeconds": 7, "readinessProbe__failureThreshold": 3}, 21, id="slow-probe"),
        pytest.param({"server__drainWaitSeconds": 6, "server__graceSeconds": 90}, 6, id="own"),
    ],
)
def test_drain_lasts_until_the_probe_has_seen_it_and_the_pod_outlasts_it(changes: dict[str, Any], drain_s: int) -> None:
    objects = rendered(**changes)
    server = gateway_toml(objects).server
    probe = pod(objects)["spec"]["containers"][0]["readinessProbe"]
    assert server.drain_wait_s == drain_s >= probe["periodSeconds"]
    assert pod(objects)["spec"]["terminationGracePeriodSeconds"] >= server.drain_wait_s + server.grace_s + 5


def test_pod_may_do_nothing_that_it_need_not(objects) -> None:
    spec = pod(objects)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_selects_pods_selects_these(objects) -> None:
    labels = pod(objects)["metadata"]["labels"].items()
    for kind, path in (
        ("Deployment", ("selector", "matchLabels")),
        ("PodDisruptionBudget", ("selector", "matchLabels")),
        ("NetworkPolicy", ("podSelector", "matchLabels")),
        ("Service", ("selector",)),
    ):
        selector = objects[kind, ""]["spec"]
        for name in path:
            selector = selector[name]
        assert selector.items() <= labels, kind
    admin = objects["Service", "-admin"]
    assert (
        objects["ServiceMonitor", ""]["spec"]["selector"]["matchLabels"].items() <= admin["metadata"]["labels"].items()
    )
    assert admin["spec"]["selector"].items() <= labels
    scaled = objects["HorizontalPodAutoscaler", ""]["spec"]["scaleTargetRef"]
    assert (scaled["kind"], scaled["name"]) == ("Deployment", objects["Deployment", ""]["metadata"]["name"])
    assert "replicas" not in objects["Deployment", ""]["spec"]


def test_workers_are_started_as_such_and_selected_by_nothing_that_selects_gateways(objects) -> None:
    deployment, gateway = objects["Deployment", "-worker"], pod(objects)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (parsed(container["args"]), deployment["spec"]["replicas"]) == ("worker", 3)
    assert [each["name"] for each in container["ports"]] == ["admin"]
    same = ("image", "securityContext", "readinessProbe", "volumeMounts")
    assert [container[name] for name in same] == [gateway["spec"]["containers"][0][name] for name in same]
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        objects["NetworkPolicy", "-worker"]["spec"]["podSelector"]["matchLabels"],
        objects["PodMonitor", "-worker"]["spec"]["selector"]["matchLabels"],
    ]
    assert [each.items() <= labels for each in selectors] == [True] * 3
    assert [each.items() <= gateway["metadata"]["labels"].items() for each in selectors] == [False] * 3
    for kind, name in (("Service", ""), ("Service", "-admin")):
        assert not objects[kind, name]["spec"]["selector"].items() <= labels
    (ingress,) = objects["NetworkPolicy", "-worker"]["spec"]["ingress"]
    assert (ingress["ports"], ingress["from"]) == (
        [{"protocol": "TCP", "port": "admin"}],
        VALUES["networkPolicy"]["monitoring"],
    )


def test_callers_reach_their_port_and_prometheus_alone_the_other(objects) -> None:
    callers, operators = objects["NetworkPolicy", ""]["spec"]["ingress"]
    assert (callers, operators["ports"]) == (
        {"ports": [{"protocol": "TCP", "port": "http"}]},
        [{"protocol": "TCP", "port": "admin"}],
    )
    assert operators["from"] == VALUES["networkPolicy"]["monitoring"]


def test_alerts_and_dashboard_are_those_of_this_folder(objects, tmp_path) -> None:
    spec = objects["PrometheusRule", ""]["spec"]
    text = RULES.read_text(encoding="utf-8").replace(
        "runbook: deploy/runbook/", "runbook_url: https://runbooks.example/varbridge/"
    )
    assert spec == yaml.safe_load(text)
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    assert run("promtool", "check", "rules", path).returncode == 0
    shown = objects["ConfigMap", "-dashboard"]["data"]["varbridge.json"]
    assert json.loads(shown) == json.loads(DASHBOARD.read_text(encoding="utf-8"))


def test_one_replica_on_sqlite_needs_nothing_but_a_configuration() -> None:
    objects = rendered(None, config=ALONE, replicaCount=1)
    assert {kind for kind, _ in objects} == {
        "ConfigMap",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "NetworkPolicy",
    }
    assert gateway_toml(objects).store.url.startswith("sqlite:")
    assert objects["NetworkPolicy", ""]["spec"]["policyTypes"] == ["Ingress"]


def test_change_of_the_configuration_replaces_pods_unless_it_shall_not() -> None:
    def checksum(**changes: Any) -> str:
        found: str = pod(rendered(**changes))["metadata"]["annotations"]["checksum/config"]
        return found

    assert checksum() != checksum(server__graceSeconds=21)
    assert checksum(restartOnChange=False) == checksum(restartOnChange=False, server__graceSeconds=21)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"config": ""}, "config: your gateway.toml", id="no-configuration"),
        pytest.param({"config": "[server]\nport = 1\n"}, "config: without [server]", id="server-twice"),
        pytest.param(
            {"config": ALONE, "workers__replicaCount": 0},
            "several replicas need [store]",
            id="replicas-without-a-store",
        ),
        pytest.param(
            {"config": ALONE + '[store]\nurl = "sqlite:///x.db"\n', "workers__replicaCount": 0},
            "several replicas need [store]",
            id="replicas-on-sqlite",
        ),
        pytest.param(
            {"config": ALONE, "replicaCount": 1, "autoscaling__enabled": False},
            "workers need [store]",
            id="workers-on-sqlite",
        ),
        pytest.param(
            {"server__drainWaitSeconds": 1}, "server.drainWaitSeconds: shorter", id="drain-shorter-than-probe"
        ),
        pytest.param({"image__tag": "latest"}, "/image/tag", id="no-version"),
        pytest.param({"networkPolicy__monitoring": []}, "/networkPolicy/monitoring", id="admin-port-for-everybody"),
        pytest.param({"replicas": 3}, "'replicas' not allowed", id="unknown-value"),
        pytest.param({"server__port": 0}, "/server/port", id="no-port"),
        pytest.param(
            {"secrets": ["varbridge-store", "varbridge-hr", "varbridge-hr-tls"]},
            "/run/secrets/varbridge/varbridge-server-tls is not mounted; add varbridge-server-tls to `secrets`",
            id="secret-that-is-not-mounted",
        ),
        pytest.param(
            {"authorities": ["hr-ca"]},
            "/run/authorities/varbridge/clients-ca is not mounted; add clients-ca to `authorities`",
            id="authority-that-is-not-mounted",
        ),
    ],
)
def test_values_that_would_not_work_are_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=re.escape(reason)):
        _ = rendered(**changes)

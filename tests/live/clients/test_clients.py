"""Clients that nobody here wrote work through the gateway, each from the start of an instance to the task's completion.

The gateway is a process with a configuration file, its callers are known by Basic; the outcome is read from the engine.
"""

from __future__ import annotations

import base64
import json
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.programs import free_port, ready, running, wait_until
from tests.house.required import give_up
from tests.live.clients import programs
from tests.live.maven import CannotRun
from tests.live.server import delete_instance

CONFIG = """
[server]
port = {port}
admin_port = {admin}
[[auth.callers]]
name = "worker"
basic = {{ username = "worker", password = "env:WORKER_PASSWORD" }}
scopes = ["variables:read", "variables:write", "instances:start", "passthrough:read", "passthrough:write"]
[engines.hr]
vendor = "camunda7"
url = "{url}"
[dialects.camunda]
vendor = "camunda7"
prefix = "/engine-rest"
engine = "hr"
"""
PASSWORD = "wörker:1"
FILE = {"filename": "scan ä.txt", "mimeType": "text/plain", "encoding": "UTF-8"}
GIVEN: dict[str, dict[str, Any]] = {
    "text": {"type": "String", "value": "grüße € 😀"},
    "count": {"type": "Integer", "value": 42},
    "big": {"type": "Long", "value": 9007199254740991},
    "ratio": {"type": "Double", "value": 1.5},
    "sure": {"type": "Boolean", "value": True},
    "due": {"type": "Date", "value": "2026-03-01T10:30:00.125+0000"},
    "order": {"type": "Json", "value": '{"id":1,"lines":[1.50]}'},
    "note": {"type": "Xml", "value": "<a>1</a>"},
    "none": {"type": "Null", "value": None},
    "blob": {"type": "Bytes", "value": "AAEC/w=="},
    "scan": {"type": "File", "value": base64.b64encode("Seite ✓".encode()).decode(), "valueInfo": FILE},
}
SAME = {name: [each["type"].lower(), each["value"]] for name, each in GIVEN.items()}
SEEN: dict[str, dict[str, Any]] = {
    "java": SAME
    | {"scan": ["file", "scan ä.txt", "text/plain", "UTF-8", "Seite ✓"], "due": ["date", "2026-03-01T10:30:00.125Z"]},
    "node": SAME
    | {"scan": ["file", "scan ä.txt", "text/plain", "UTF-8", "Seite ✓"], "due": ["date", "2026-03-01T10:30:00.125Z"]}
    | {"order": ["json", {"id": 1, "lines": [1.5]}]},
    "python": {name: [each["type"], each["value"]] for name, each in GIVEN.items()}
    | {"scan": ["File", None, FILE, "Seite ✓"]},
}
FILED = {"receipt": ("File", None)}
LEFT: dict[str, dict[str, Any]] = {
    "java": {"count": ("Long", 43), "order": ("Json", '{"id": 2}'), "text": ("String", None)},
    "node": {"count": ("Long", 2**40), "order": ("Json", '{"id":2}'), "text": ("Null", None)},
    "python": {"count": ("Long", 43), "order": ("Json", '{"id": 2}'), "text": ("String", None), "note": None},
}

# `pycamunda` leaves the kind of an upload out, and the engine then takes it for bytes.
RECEIPT: dict[str, dict[str, Any]] = {
    "java": FILED,
    "node": FILED,
    "python": {"receipt": ("Bytes", "YmV6YWhsdCDinJM=")},
}


@pytest.fixture(scope="module")
def door(live_camunda: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the gateway's front door, with the clients' process deployed behind it."""
    deploy(live_camunda)
    port, admin = free_port(), free_port()
    path = tmp_path_factory.mktemp("clients") / "varbridge.toml"
    path.write_text(CONFIG.format(port=port, admin=admin, url=live_camunda), encoding="utf-8")
    with running("serve", "--config", str(path), WORKER_PASSWORD=PASSWORD):
        wait_until(lambda: ready(admin))
        yield f"http://127.0.0.1:{port}/engine-rest"


@pytest.fixture(params=programs.WORKERS)
def worker(request: pytest.FixtureRequest) -> tuple[str, tuple[str, ...]]:
    try:
        return request.param, programs.WORKERS[request.param]()
    except CannotRun as reason:
        give_up(f"no {request.param} client here: {reason}")


def test_client_works_from_start_to_completion(
    worker: tuple[str, tuple[str, ...]], door: str, live_camunda: str
) -> None:
    name, command = worker
    topic = f"{name}-{uuid.uuid4().hex}"
    told = {"url": door, "username": "worker", "password": PASSWORD, "topic": topic}
    done = programs.run(command, {**told, "start": {"businessKey": topic, "variables": GIVEN}})
    instance = done["instance"]
    assert done["seen"] == SEEN[name]
    (task,) = ask(live_camunda, f"task?processInstanceId={instance}")
    assert task["taskDefinitionKey"] == "done"
    found = ask(live_camunda, f"process-instance/{instance}/variables?deserializeValues=false")
    left = {key: (each["type"], each["value"]) for key, each in GIVEN.items()}
    left |= {"by": ("String", name), "when": ("Date", "2026-01-01T00:00:00.250+0000"), **LEFT[name]}
    left |= {"scan": ("File", None)} | RECEIPT[name]
    left = {key: value for key, value in left.items() if value is not None}
    assert {key: (each["type"], each["value"]) for key, each in found.items()} == left
    assert raw(live_camunda, f"process-instance/{instance}/variables/scan/data") == "Seite ✓".encode()
    assert raw(live_camunda, f"process-instance/{instance}/variables/receipt/data") == "bezahlt ✓".encode()
    delete_instance(live_camunda, instance)


def raw(url: str, path: str) -> bytes:
    with urllib.request.urlopen(f"{url}/{path}", timeout=30) as answer:
        content: bytes = answer.read()
    return content


def ask(url: str, path: str) -> Any:
    return json.loads(raw(url, path))


def deploy(url: str) -> None:
    boundary = uuid.uuid4().hex
    model = (Path(__file__).parent / "flow.bpmn").read_text(encoding="utf-8")
    form = f'--{boundary}\r\nContent-Disposition: form-data; name="flow.bpmn"; filename="flow.bpmn"\r\n\r\n{model}\r\n--{boundary}--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/deployment/create", form.encode(), headers)
    urllib.request.urlopen(request, timeout=30).close()

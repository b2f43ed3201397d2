"""What passes through a gateway stays out of its log, its metrics, its problems and, but where it must, its store."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.programs import LONGEST_S, free_port, get, ready, running, wait_until

VALUE, PASSWORD, KEY, AGENT = "v-moonlit-7731", "p-harbour-5512", "k-lantern-9904", "a-orchard-3306"
CONFIG = """
[server]
port = {port}
admin_port = {admin}
[auth]
open = true
[store]
url = "sqlite:///{store}"
[log]
level = "debug"
json = true
[engines.hr]
vendor = "camunda7"
url = "{hr}"
[engines.hr.auth]
kind = "basic"
username = "{agent}"
password = "env:ENGINE_PASSWORD"
[engines.claims]
vendor = "ibm_bpm"
url = "{claims}"
verify = "after"
"""
MERGE, PATCH = "application/merge-patch+json", "application/json-patch+json"


class Gateway:
    """A gateway before the engines of a demonstration."""

    def __init__(self, port: int, admin: int, store: Path, instances: list[str]) -> None:
        self.port, self.admin, self.store, self.instances = port, admin, store, instances

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **more: str
    ) -> tuple[int, str]:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in more.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_S)
        try:
            connection.request(method, f"/v1{path}", content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Gateway, Any]]:
    port, admin, store = free_port(), free_port(), tmp_path / "store.db"
    with running("demo", "--port", str(free_port()), "--admin-port", str(free_port())) as demo:
        demo.wait_for("Serving until Ctrl-C.")
        engines = dict(re.findall(r"engine +(\w+) \(\w+\) at (\S+)", demo.text()))
        instances = sorted(set(re.findall(r"/v1/instances/((?:hr|claims):[\w-]+)/variables", demo.text())))
        path = tmp_path / "gateway.toml"
        path.write_text(CONFIG.format(port=port, admin=admin, store=store, agent=AGENT, **engines))
        with running("serve", "--config", str(path), ENGINE_PASSWORD=PASSWORD) as program:
            wait_until(lambda: ready(admin))
            yield Gateway(port, admin, store, instances), program


def exercised(gateway: Gateway, instance: str) -> list[tuple[int, str]]:
    """Every kind of write and read with a value, some in vain; give what was answered with a problem."""
    at = f"/instances/{instance}/variables"
    value, wrong = {"value": VALUE}, {"type": "integer", "value": VALUE}
    test = [{"op": "test", "path": "", "value": VALUE}]
    item = {"instance": instance, "modifications": {"note": value}}
    found = {"variableValues": [{"name": "note", "operator": "eq", "value": VALUE}]}
    asked = [
        ("PATCH", at, {"modifications": {"note": value}}),
        ("PATCH", at, {"modifications": {"note": value}}, "application/json", {"Idempotency_Key": KEY + instance}),
        ("PATCH", at, {"modifications": {"note": value}}, "application/json", {"Idempotency_Key": KEY + instance}),
        ("PATCH", at, {"modifications": {"note": wrong}}, "application/json", {"Idempotency_Key": KEY + "2"}),
        ("PATCH", at, {"modifications": {"note": {"type": "none", "value": VALUE}, "b": VALUE}}),
        ("PATCH", at, {"customer": {"name": VALUE}}, MERGE),
        ("PATCH", at + "/customer", {"name": {"deep": VALUE * 900_000}}, MERGE),
        ("PATCH", at + "/note", test, PATCH),
        ("PATCH", at + "/customer", test, PATCH),
        ("PATCH", at + "/customer", [{"op": "add", "path": "/name/x", "value": VALUE}], PATCH),
        ("PUT", at + "/note", value, "application/json", {"If_Match": f'"{VALUE}"'}),
        ("PUT", at + "/note", value, "application/json", {"If_Match": VALUE}),
        ("PUT", at + "/note", b'{"value": "' + VALUE.encode()),
        ("PUT", at + "/amount", value),
        ("PUT", at + "/fresh", {"type": "object", "className": VALUE, "value": {"a": VALUE}}),
        ("PUT", at + "/note/data", VALUE.encode(), "text/plain", {"Content_Digest": "sha-256=:AAAA:"}),
        ("PUT", at + "/note?dryRun=true", wrong),
        ("POST", "/variables/batch", {"items": [item, item | {"instance": "hr:none"}]}),
        ("POST", "/variables/query", found),
        ("POST", "/variables/query", {"variableValues": [{"name": "note", "operator": "near", "value": VALUE}]}),
        ("POST", "/operations", found | {"modifications": {"note": value}}),
        ("POST", "/messages", {"name": "m", "engine": instance.partition(":")[0], "variables": {"note": value}}),
        ("POST", "/instances", {"definition": "none", "engine": "hr", "variables": {"note": wrong}}),
        ("POST", f"/instances/{instance}/modification", {"instructions": [
            {"type": "startBeforeActivity", "activityId": "none", "variables": {"note": value}}], "annotation": VALUE}),
    ]  # fmt: skip
    answers = [gateway.ask(*each[:4], **(each[4] if len(each) > 4 else {})) for each in asked]
    begun = [json.loads(text)["id"] for status, text in answers if status == 202]
    wait_until(lambda: all(state_of(gateway, each) in {"completed", "failed"} for each in begun))
    return [(status, text) for status, text in answers if status >= 400]


def state_of(gateway: Gateway, operation: str) -> str:
    return str(json.loads(gateway.ask("GET", f"/operations/{operation}")[1])["state"])


def test_no_value_and_no_secret_is_told(parts: tuple[Gateway, Any]) -> None:
    gateway, program = parts
    problems = [each for instance in gateway.instances for each in exercised(gateway, instance)]
    assert len(problems) >= 20
    assert {status for status, _ in problems} >= {400, 404, 412, 413, 422}
    assert [text for _, text in problems if any(word in text for word in (VALUE, PASSWORD, KEY, AGENT))] == []
    metrics = get(gateway.admin, "/metrics")[1]
    assert "varbridge" in metrics
    program.process.terminate()
    assert program.process.wait(LONGEST_S) == 0
    said = program.text()
    assert said.count('"event":"request"') >= 40
    for word in (VALUE, PASSWORD, KEY, AGENT):
        assert word not in said
        assert word not in metrics
    kept = b"".join(path.read_bytes() for path in gateway.store.parent.glob("store.db*"))
    assert KEY.encode() in kept  # a caller's key is what it is known by
    assert [word for word in (VALUE, PASSWORD, AGENT) if word.encode() in kept] == []

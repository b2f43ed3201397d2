"""IBM's language on instances of a real Camunda 7.24: by the kit's own client of IBM's, and by hand.

Each through a front door of IBM's before IBM's engine (a fake) and one before the Camunda engine, by the bare id of the
instance and by the id with its engine.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from adapters import ibm_bpm
from adapters.ibm_bpm.settings import Settings, Start
from gateway.errors import ValueInvalid
from gateway.model import jsontext
from gateway.model.lifecycle import CompleteTask, StartInstance
from gateway.port import Credentials
from tests import readme
from tests.conformance.subjects import Subject, on_wire
from tests.conformance.values import raw, string, typed, whole
from tests.live.gateway import BothVendors
from tests.live.server import delete_instance, start_instance
from tests.live.wire import sender
from tests.web.spellings import ibm_meaning, v1_meaning

DOORS = {"before IBM": "/rest/bpm/wle/v1", "before Camunda": "/hr/rest/bpm/wle/v1"}
ADDRESS = {"objectTypeName": "java.util.LinkedHashMap", "serializationDataFormat": "application/json"}
GIVEN: dict[str, dict[str, Any]] = {
    "text": {"type": "String", "value": "grüße € 😀\n"},
    "empty": {"type": "String", "value": ""},
    "small": {"type": "Short", "value": 7},
    "count": {"type": "Integer", "value": -2147483648},
    "big": {"type": "Long", "value": 9007199254740993},
    "ratio": {"type": "Double", "value": 0.1},
    "whole": {"type": "Double", "value": 5.0},
    "sure": {"type": "Boolean", "value": True},
    "due": {"type": "Date", "value": "2026-03-01T10:30:00.125+0100"},
    "day": {"type": "Date", "value": "2026-03-01T00:00:00.000+0000"},
    "order": {"type": "Json", "value": '{"id":1,"lines":[1.50,{"items":[1]},[]],"selected":null}'},
    "lines": {"type": "Json", "value": '[{"text":"a"},{"text":null}]'},
    "address": {"type": "Object", "value": '{"street":"Main St 1","tags":["a"]}', "valueInfo": ADDRESS},
    "letter": {"type": "Xml", "value": "<a>1</a>"},
    "none": {"type": "Null", "value": None},
}


@pytest.fixture(scope="module")
def site(live_camunda: str) -> Iterator[BothVendors]:
    with BothVendors(live_camunda) as running:
        yield running


@pytest.fixture
def instance(live_camunda: str) -> Iterator[str]:
    """An instance in which every type is, once."""
    started = start_instance(live_camunda, GIVEN)
    yield started
    delete_instance(live_camunda, started)


@pytest.fixture(params=["{}", "hr:{}"], ids=["bare id", "id with its engine"])
def written(request: pytest.FixtureRequest, instance: str) -> str:
    """The instance as callers write it."""
    return str(request.param).format(instance)


@pytest.fixture(params=DOORS.values(), ids=list(DOORS))
def door(request: pytest.FixtureRequest, site: BothVendors) -> str:
    """Base URL of IBM's language."""
    return site.root + str(request.param)


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    """Return the JSON of a success, numbers by their text; None where there is no content."""
    content = None if body is None else jsontext.write(body)
    status, _, answer = sender(url)(method, path, {"Content-Type": "application/json"}, content)
    assert status < 300, (method, path, status, answer)
    return jsontext.parse(answer) if answer else None


def prefix(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def ibm(door: str, method: str, path: str, body: Any = None) -> Any:
    answer = ask(door, method, prefix(door) + path, body)
    assert answer["status"] == "200"
    return answer["data"]


def native(live_camunda: str, instance: str) -> dict[str, tuple[str, str | None, Any]]:
    """Type, text and id of each variable, by the engine itself."""
    rows = ask(
        live_camunda, "GET", f"/engine-rest/variable-instance?processInstanceIdIn={instance}&deserializeValues=false"
    )
    return {row["name"]: (row["type"], jsontext.write(row["value"]).decode(), row["id"]) for row in rows}


def revisions(live_camunda: str, instance: str) -> list[tuple[str, str, Any]]:
    """What the engine's history says of each write: name, type, revision."""
    rows = ask(
        live_camunda,
        "GET",
        f"/engine-rest/history/detail?processInstanceId={instance}&type=variableUpdate&deserializeValues=false",
    )
    return sorted((row["variableName"], row["variableType"], row["revision"].text) for row in rows)


def test_what_ibm_reads_it_writes_back_and_the_engine_keeps_value_type_and_revisions(
    door: str, written: str, instance: str, live_camunda: str
) -> None:
    before = native(live_camunda, instance)
    twin = start_instance(live_camunda, GIVEN)
    shown = ibm(door, "GET", f"/process/{written}?parts=data")["variables"]
    assert set(shown) == set(GIVEN)
    assert ibm(door, "PUT", f"/process/{written}/variables", shown) == {"message": "Successfully updated."}
    assert native(live_camunda, instance) == before
    same = {
        name: {"type": kind, "value": jsontext.parse(text), "valueInfo": GIVEN[name].get("valueInfo", {})}
        for name, (kind, text, _) in before.items()
    }
    ask(live_camunda, "POST", f"/engine-rest/process-instance/{twin}/variables", {"modifications": same})
    assert revisions(live_camunda, instance) == revisions(live_camunda, twin)
    delete_instance(live_camunda, twin)


def test_what_camundas_language_writes_ibm_reads_as_v1_does(
    door: str, written: str, instance: str, live_camunda: str, site: BothVendors
) -> None:
    changed = {
        "text": {"type": "Integer", "value": 5},
        "order": {"type": "Json", "value": '{"n":1.50}'},
        "none": GIVEN["due"],
    }
    for name, value in changed.items():
        ask(live_camunda, "PUT", f"/engine-rest/process-instance/{instance}/variables/{name}", value)
    shown = ibm(door, "GET", f"/process/{written}?parts=header%7Cdata")
    assert (shown["piid"], shown["executionState"]) == (written, "Active")
    rows = ask(site.root, "GET", f"/v1/instances/hr:{instance}/variables")["variables"]
    for row in rows:
        meaning = v1_meaning(row)
        assert ibm_meaning(shown["variables"][row["name"]], meaning) == meaning
    assert {row["name"] for row in rows} == set(shown["variables"]) == set(GIVEN)


@pytest.fixture
def client(door: str, live_camunda: str) -> Iterator[Subject]:
    """The kit's own client of IBM's: the adapter's plans, over sockets."""
    engine = ibm_bpm.VENDOR.engine("kit", Settings(starts={"userTask": Start(bpd_id="userTask")}), Credentials())
    with on_wire(engine, door) as carry_out:
        yield Subject(
            engine=engine,
            carry_out=carry_out,
            begin=lambda _names=(): start_instance(live_camunda),
            end=lambda each: delete_instance(live_camunda, each),
            missing="nope",
        )


def test_kits_client_of_ibms_reads_and_writes_variables(
    client: Subject, written: str, instance: str, live_camunda: str
) -> None:
    client.patch(written, {"text": string("x"), "small": whole(8), "fresh": typed("list", '[{"a":1.50}]')})
    client.patch(written, merges={"address": raw('{"tags":["b","c"]}')})
    listed = client.listed(written)
    assert {name: listed[name].value.text for name in ("text", "small", "fresh", "address", "due")} == {
        "text": b'"x"', "small": b"8", "fresh": b'[{"a":1.50}]', "address": b'{"street":"Main St 1","tags":["b","c"]}',
        "due": b'"2026-03-01T09:30:00.125Z"',
    }  # fmt: skip
    found = native(live_camunda, instance)
    assert {name: found[name][:2] for name in ("text", "small", "fresh", "address")} == {
        "text": ("String", '"x"'), "small": ("Short", "8"), "fresh": ("Json", r'"[{\"a\":1.50}]"'),
        "address": ("Object", r'"{\"street\":\"Main St 1\",\"tags\":[\"b\",\"c\"]}"'),
    }  # fmt: skip
    assert client.lives(written)
    assert not client.lives("hr:00000000-0000-0000-0000-000000000000")


def test_what_the_engine_cannot_hold_is_refused_and_nothing_is_written(
    client: Subject, written: str, instance: str, live_camunda: str
) -> None:
    before = native(live_camunda, instance)
    with pytest.raises(ValueInvalid):
        client.patch(written, {"sure": typed("boolean", "false"), "text": string("x" * 4001)})
    assert native(live_camunda, instance) == before


def test_lines_of_the_readme_work_on_a_real_engine(door: str, written: str, instance: str, live_camunda: str) -> None:
    *_, lines = readme.blocks("<!-- /dialects -->")
    path = f"{readme.PORT}{DOORS['before IBM']}"
    assert path in lines
    said = readme.said(lines.replace(path, door), "", written)
    assert said.count("Successfully updated.") == 2
    found = native(live_camunda, instance)
    assert {name: found[name][:2] for name in ("amount", "note", "customer")} == {
        "amount": ("Integer", "1300"), "note": ("String", '"checked"'),
        "customer": ("Json", r'"{\"name\":\"Ada\",\"tags\":[\"new\"]}"'),
    }  # fmt: skip


@pytest.fixture
def nested(live_camunda: str) -> Iterator[str]:
    """An instance with two tokens: one in the task `left`, one in the task `innerTask` of a subprocess."""
    path = "/engine-rest/process-definition/key/parallelScope/start"
    started = str(ask(live_camunda, "POST", path, {})["id"])
    yield started
    delete_instance(live_camunda, started)


@pytest.mark.parametrize("form", ["{}", "hr:{}"], ids=["bare id", "id with its engine"])
def test_tokens_are_moved_and_deleted_in_ibms_language(door: str, form: str, nested: str, live_camunda: str) -> None:
    written = form.format(nested)
    tree = ibm(door, "GET", f"/process/{written}?parts=executionTree")["executionTree"]
    tokens = {each["flowObjectId"]: each["tokenId"] for each in flat(tree["root"]) if each.get("tokenId")}
    assert {"left", "innerTask"} <= set(tokens)
    moved = ibm(door, "POST", f"/process/{written}?action=moveToken&tokenId={quote(tokens['left'])}&target=innerTask")
    assert (moved["piid"], moved["state"]) == (written, "STATE_RUNNING")
    assert [row["taskDefinitionKey"] for row in open_tasks(live_camunda, nested)] == ["innerTask"] * 2
    left = [each for each in flat(moved["executionTree"]["root"]) if each.get("flowObjectId") == "innerTask"]
    assert len(left) == 2
    ibm(door, "POST", f"/process/{written}?action=deleteToken&tokenId={quote(left[0]['tokenId'])}")
    assert len(open_tasks(live_camunda, nested)) == 1


def flat(node: Any) -> Iterator[Any]:
    yield node
    for child in node.get("children") or ():
        yield from flat(child)


def open_tasks(live_camunda: str, instance: str) -> list[Any]:
    """Return the tasks in which an instance waits, by the engine itself."""
    rows: list[Any] = ask(live_camunda, "GET", f"/engine-rest/task?processInstanceId={instance}")
    return rows


def test_instance_is_suspended_resumed_and_terminated_in_ibms_language(
    door: str, written: str, instance: str, live_camunda: str
) -> None:
    for action, state, suspended in (("suspend", "STATE_SUSPENDED", True), ("resume", "STATE_RUNNING", False)):
        assert ibm(door, "PUT", f"/process/{written}?action={action}")["state"] == state
        assert ask(live_camunda, "GET", f"/engine-rest/process-instance/{instance}")["suspended"] is suspended
    assert ibm(door, "POST", f"/process/{written}?action=terminate")["state"] == "STATE_TERMINATED"
    assert ask(live_camunda, "GET", f"/engine-rest/process-instance?processInstanceIds={instance}") == []


@pytest.mark.parametrize("form", ["{}", "hr:{}"], ids=["bare id", "id with its engine"])
def test_tasks_are_read_and_completed_in_ibms_language(
    door: str, form: str, nested: str, live_camunda: str, client: Subject
) -> None:
    task = {row["taskDefinitionKey"]: form.format(row["id"]) for row in open_tasks(live_camunda, nested)}
    shown = ibm(door, "GET", f"/task/{task['innerTask']}?parts=all")
    assert (shown["piid"], shown["data"]["variables"]) == (nested, {"scopeVar": "from-mapping"})
    params = quote('{"outcome": "done", "lines": {"items": [1.50]}}')
    assert ibm(door, "PUT", f"/task/{task['left']}?action=finish&params={params}")["status"] == "Closed"
    assert [row["taskDefinitionKey"] for row in open_tasks(live_camunda, nested)] == ["innerTask"]
    found = native(live_camunda, nested)
    assert (found["outcome"][:2], found["lines"][:2]) == (("String", '"done"'), ("Json", '"[1.50]"'))
    client.ask("complete_task", CompleteTask(task=task["innerTask"], variables={"last": whole(1)}))
    assert ask(live_camunda, "GET", f"/engine-rest/process-instance?processInstanceIds={nested}") == []


def test_details_of_instances_on_both_engines_are_read_at_once(
    door: str, written: str, instance: str, site: BothVendors
) -> None:
    claim = site.ibm.showcase()
    asked = f"/process?action=getdetails&instanceIds={quote(written)},claims:{claim}&parts=header%7Cdata"
    first, second = ibm(door, "GET", asked)["processDetails"]
    assert (first["piid"], first["variables"]["text"]) == (written, "grüße € 😀\n")
    assert second["variables"]["note"] == "please check"


def test_instance_is_started_in_ibms_language_where_the_rules_send_it(
    door: str, live_camunda: str, client: Subject
) -> None:
    params = quote('{"amount": 5, "lines": {"items": [1.50]}}')
    started = ibm(door, "POST", f"/process?action=start&bpdId=userTask&params={params}")
    assert started["state"] == "STATE_RUNNING"
    also = client.ask("start_instance", StartInstance(definition="userTask", variables={"amount": whole(6)}))
    instances = [native_id(started["piid"]), native_id(also.instance.id)]
    found = [native(live_camunda, each) for each in instances]
    assert [each["amount"][:2] for each in found] == [("Integer", "5"), ("Integer", "6")]
    assert found[0]["lines"][:2] == ("Json", '"[1.50]"')
    for each in instances:
        delete_instance(live_camunda, each)


def native_id(shown: str) -> str:
    return shown.removeprefix("hr:")


def test_kits_client_of_ibms_follows_what_the_camunda_engine_exposes(site: BothVendors, live_camunda: str) -> None:
    engine = ibm_bpm.VENDOR.engine("kit", Settings(), Credentials())
    with on_wire(engine, site.root + DOORS["before Camunda"]) as carry_out:
        command = StartInstance(definition="userTask", variables={"text": string("x")})
        started = native_id(carry_out(engine.start_instance(command)).instance.id)
    assert native(live_camunda, started)["text"][:2] == ("String", '"x"')
    delete_instance(live_camunda, started)


@pytest.mark.parametrize("form", ["{}", "hr:{}"], ids=["bare id", "id with its engine"])
def test_curl_alone_does_it_all(door: str, form: str, nested: str, live_camunda: str) -> None:
    written = form.format(nested)
    task = {row["taskDefinitionKey"]: form.format(row["id"]) for row in open_tasks(live_camunda, nested)}
    tree = ibm(door, "GET", f"/process/{written}?parts=executionTree")["executionTree"]
    (token,) = [each["tokenId"] for each in flat(tree["root"]) if each.get("flowObjectId") == "innerTask"]
    script = Path(__file__).with_name("ibm_language.sh")
    command = (str(script), door, written, task["left"], quote(token), "left")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = done.stdout.splitlines()
    xml = answers.pop(4)
    assert ("<note>checked</note>" in xml, len(answers)) == (True, 10)
    data = [json.loads(answer)["data"] for answer in answers if json.loads(answer)["status"] == "200"]
    assert [each.get("state") for each in data[-2:]] == ["STATE_SUSPENDED", "STATE_RUNNING"]
    found = native(live_camunda, nested)
    assert {name: found[name][:2] for name in ("amount", "note", "lines", "customer", "outcome")} == {
        "amount": ("Double", "1300.5"), "note": ("String", '"checked"'), "lines": ("Json", r'"[{\"text\":\"a\"}]"'),
        "customer": ("Json", r'"{\"name\":\"Bo\"}"'), "outcome": ("String", '"done"'),
    }  # fmt: skip
    assert [row["taskDefinitionKey"] for row in open_tasks(live_camunda, nested)] == ["left"]
    started = native_id(data[-3]["piid"])
    assert native(live_camunda, started)["amount"][:2] == ("Integer", "5")
    delete_instance(live_camunda, started)

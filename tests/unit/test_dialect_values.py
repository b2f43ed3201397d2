"""Values through the vendors' languages: what is read at a front door can be written back there, and means the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import camunda7, ibm_bpm
from adapters.ibm_bpm.values.trees import METADATA
from gateway.errors import Refusal, VarbridgeError
from gateway.model import jsontext
from gateway.model.commands import Command, PatchVariables
from gateway.model.results import Instance, InstanceDescribed, Variable, VariableRead, VariablesListed
from gateway.model.values import ABSENT, Value, check_value, infer_type, instant, text_of
from gateway.port import DialectRequest, Passed
from tests.conformance.values import EXAMPLES, raw, trees, typed, values

CAMUNDA, IBM = camunda7.VENDOR.dialect(), ibm_bpm.VENDOR.dialect()
JSON = {"Content-Type": "application/json"}


def asked(method: str, path: str, body: bytes = b"", **query: str) -> DialectRequest:
    return DialectRequest(method=method, segments=tuple(path.split("/")), query=query, body=body, headers=JSON)


def command(dialect: Any, request: DialectRequest) -> PatchVariables:
    (found,) = dialect.decode(request)
    assert isinstance(found, PatchVariables)
    return found


def shown_by_camunda(value: Value) -> bytes:
    read = CAMUNDA.encode(
        asked("GET", "process-instance/1/variables/v"), (VariableRead(Variable(name="v", value=value)),)
    )
    return read.content()


def written_by_camunda(body: bytes) -> Value:
    return command(CAMUNDA, asked("PUT", "process-instance/1/variables/v", body)).modifications["v"]


def meant(value: Value) -> tuple[Any, ...]:
    """What a value is to a reader: JSON by content, numbers by their digits."""
    structured = value.type in {"json", "list", "object"}
    content = json.dumps(jsontext.parse(value.text), default=repr, sort_keys=True) if structured else value.text
    return "json" if structured else value.type, value.format, content


@settings(max_examples=300, deadline=None, derandomize=True)
@given(value=values)
def test_value_read_in_camundas_language_is_the_same_when_it_is_written_back(value: Value) -> None:
    try:
        stored = check_value(value)
    except VarbridgeError:
        return
    if stored.type == "file":
        return
    shown = shown_by_camunda(stored)
    if b'"error"' in shown:
        assert (stored.type, json.loads(shown)["value"]) == ("date-time", None)
        return
    again = written_by_camunda(shown)
    try:
        back = check_value(again)
    except Refusal:
        assert stored.format == "decimal"  # digits that no double holds are not lost, but refused
        return
    if stored.type == "date-time":
        assert instant(text_of(back.text)) == instant(text_of(stored.text))
        return
    kind, form, content = meant(stored)
    assert meant(back) == (kind, "double" if form == "decimal" else form, content)


@pytest.mark.parametrize(
    "value", [each for kind, found in EXAMPLES.items() if kind not in {"file", "date-time"} for each in found]
)
def test_picked_value_is_shown_in_camundas_words(value: Value) -> None:
    shown = json.loads(shown_by_camunda(check_value(value)))
    assert list(shown) == ["type", "value", "valueInfo"]
    assert shown["type"][0].isupper()


def test_file_and_value_that_cannot_be_shown_say_what_they_are() -> None:
    file = Value(type="file", value=ABSENT, filename="a.pdf", media_type="application/pdf", encoding="UTF-8")
    assert json.loads(shown_by_camunda(file)) == {
        "type": "File",
        "value": None,
        "valueInfo": {"filename": "a.pdf", "mimeType": "application/pdf", "encoding": "UTF-8"},
    }
    broken = Variable(name="v", value=Value(type="json", value=ABSENT), error="Why.")
    listed = CAMUNDA.encode(asked("GET", "process-instance/1/variables"), (VariablesListed((broken,)),))
    assert json.loads(listed.content()) == {"v": {"type": "Json", "value": None, "valueInfo": {"error": "Why."}}}
    object_of_camunda = typed("object", '{"a":1}', class_name="C", serialization="application/json")
    assert json.loads(shown_by_camunda(object_of_camunda)) == {
        "type": "Object",
        "value": '{"a":1}',
        "valueInfo": {"objectTypeName": "C", "serializationDataFormat": "application/json"},
    }


def shown_by_ibm(*variables: Variable) -> dict[str, Any]:
    answer = IBM.encode(asked("GET", "process/1", parts="data"), (VariablesListed(variables),))
    return jsontext.parse(answer.content())["data"]["variables"]


def written_by_ibm(tree: Any) -> Value:
    return command(IBM, asked("PUT", "process/1/variables", jsontext.write({"v": tree}))).modifications["v"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(tree=trees)
def test_json_read_in_ibms_language_is_the_same_when_it_is_written_back(tree: Any) -> None:
    text = jsontext.write(tree)
    shown = shown_by_ibm(Variable(name="v", value=Value(type="json", value=raw(text))))
    assert written_by_ibm(shown["v"]).text == text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(tree=trees)
def test_json_means_the_same_in_both_languages(tree: Any) -> None:
    text = jsontext.write(tree)
    shown = shown_by_ibm(Variable(name="v", value=Value(type="json", value=raw(text))))["v"]
    ibm = written_by_ibm(shown)
    camunda = command(
        CAMUNDA, asked("POST", "process-instance/1/variables", b'{"modifications":{"v":{"value":' + text + b"}}}")
    ).modifications["v"]
    assert (ibm.type, ibm.text) == (camunda.type, camunda.text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(typed("date-time", '"2026-03-01T09:30:00.000Z"'), "2026-03-01T09:30:00Z", id="date to the second"),
        pytest.param(typed("date-time", '"2026-03-01T09:30:00.165Z"'), "2026-03-01T09:30:00.165Z", id="date with more"),
        pytest.param(typed("xml", '"<a/>"'), "<a/>", id="XML"),
        pytest.param(typed("null", "null"), None, id="null"),
        pytest.param(
            typed("object", '"<a/>"', class_name="C", serialization="application/xml"), "<a/>", id="object in XML"
        ),
    ],
)
def test_value_in_ibms_words(value: Value, shown: Any) -> None:
    assert shown_by_ibm(Variable(name="v", value=value)) == {"v": shown}


@pytest.mark.parametrize(
    "variable",
    [
        pytest.param(Variable(name="v", value=Value(type="bytes", value=ABSENT)), id="bytes in a list"),
        pytest.param(Variable(name="v", value=typed("file", '"AA=="', filename="a")), id="file"),
        pytest.param(Variable(name="v", value=typed("string", '"x"'), error="Hidden."), id="hidden"),
        pytest.param(Variable(name="v", value=typed("json", '{"a":1,"a":2}')), id="key that stands twice"),
        pytest.param(Variable(name="v", value=typed("json", '[{"@metadata":1}]')), id="the vendor's own member"),
        pytest.param(Variable(name="v", value=typed("opaque", '"x"')), id="opaque"),
    ],
)
def test_what_has_no_place_in_ibms_language_is_left_out(variable: Variable) -> None:
    assert shown_by_ibm(variable) == {}


def test_metadata_is_the_same_at_every_read_and_another_at_another_place() -> None:
    value = typed("object", '{"a":{"b":1},"c":[{"d":1}]}', class_name="C")
    one, other = (shown_by_ibm(Variable(name=name, value=value))[name] for name in ("v", "w"))
    assert one == shown_by_ibm(Variable(name="v", value=value))["v"]
    item = one["c"]["items"][0]
    nodes = [each[METADATA]["objectID"] for found in (one, other) for each in (found, found["a"], found["c"])]
    assert len({*nodes, item[METADATA]["objectID"]}) == 7
    assert (one[METADATA]["className"], item[METADATA]["className"]) == ("C", "Map")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param({"items": [1]}, "[1]", id="list as documented"),
        pytest.param({"selected": [], "items": [{"items": []}], "@metadata": {"objectID": "x"}}, "[[]]", id="as read"),
        pytest.param({"items": [1], "@metadata": {"className": "C"}}, '{"items":[1]}', id="object with that field"),
        pytest.param({"items": [1], "more": 2}, '{"items":[1],"more":2}', id="object with more fields"),
        pytest.param({"items": 1}, '{"items":1}', id="items that are no list"),
        pytest.param([[{"a": {"@metadata": {}}}]], '[[{"a":{}}]]', id="bare lists"),
    ],
)
def test_lists_and_objects_of_ibm_lose_what_is_the_vendors_own(written: Any, value: str) -> None:
    assert written_by_ibm(written).text == value.encode()


def test_states_of_instances_in_both_languages() -> None:
    for state, camunda, ibm in (
        ("active", (False, False), "Active"),
        ("suspended", (False, True), "Suspended"),
        ("failed", (False, False), "Failed"),
        ("completed", (True, False), "Completed"),
        ("terminated", (True, False), "Terminated"),
        ("unknown", (False, False), None),
    ):
        result = (InstanceDescribed(Instance(id="1", state=state)),)
        shown = json.loads(CAMUNDA.encode(asked("GET", "process-instance/1"), result).content())
        assert (shown["ended"], shown["suspended"]) == camunda
        data = json.loads(IBM.encode(asked("GET", "process/1", parts="header"), result).content())["data"]
        assert data["executionState"] == ibm


REQUESTS = [
    (CAMUNDA, "POST", "process-instance/1/variables"),
    (CAMUNDA, "PUT", "process-instance/1/variables/v"),
    (IBM, "PUT", "process/1/variables"),
    (IBM, "PUT", "process/1/variable/v"),
]


@pytest.mark.parametrize(("dialect", "method", "path"), REQUESTS, ids=[path for _, _, path in REQUESTS])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    body=st.one_of(
        st.binary(max_size=40),
        trees.map(jsontext.write),
        st.dictionaries(st.sampled_from(["modifications", "deletions", "value", "type", "valueInfo", "a"]), trees).map(
            jsontext.write
        ),
    )
)
def test_any_body_is_decoded_or_refused(dialect: Any, method: str, path: str, body: bytes) -> None:
    try:
        found: tuple[Command, ...] | Passed = dialect.decode(asked(method, path, body))
    except Refusal:
        return
    (decoded,) = found
    assert isinstance(decoded, PatchVariables)
    for value in decoded.modifications.values():
        assert value.type is not None or value.text and isinstance(kind_of(value.text), str)


def kind_of(text: bytes) -> str:
    try:
        return infer_type(text)[0]
    except Refusal:
        return "number"

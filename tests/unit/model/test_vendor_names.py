"""Vendors' names of types: the same value, whatever name and spelling it came with."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import InvalidRequest, ValueInvalid, ValueNotRepresentable
from gateway.model import jsontext
from gateway.model.values import SYNONYMS, Value, check_value, json_text, with_vendor_info
from tests.conformance.values import typed

TAKEN: dict[str, tuple[Value, Value]] = {
    "Json text is the JSON in it": (
        Value(type="Json", value=json_text('{"a":1.10, "b":[null]}')),
        typed("json", '{"a":1.10, "b":[null]}'),
    ),
    "Json text of a scalar": (Value(type="Json", value=json_text(" 5\n")), typed("json", "5")),
    "Json text of a text": (Value(type="Json", value=json_text('"x"')), typed("json", '"x"')),
    "Json text with letters beyond ASCII": (Value(type="Json", value=json_text('["ä😀"]')), typed("json", '["ä😀"]')),
    "plain object beside Json": (typed("Json", '{"a":1}'), typed("json", '{"a":1}')),
    "plain array beside Json": (typed("Json", "[1]"), typed("json", "[1]")),
    "plain number beside Json": (typed("Json", "1.10"), typed("json", "1.10")),
    "null beside Json": (typed("Json", "null"), typed("json", "null")),
    "text beside json stays a text": (typed("json", '"{\\"a\\":1}"'), typed("json", '"{\\"a\\":1}"')),
    "Object text is the object in it": (
        Value(type="Object", value=json_text('{"a":1}'), class_name="A"),
        typed("object", '{"a":1}', class_name="A"),
    ),
    "Object text in JSON, said": (
        Value(type="Object", value=json_text("[1]"), class_name="A", serialization="application/json"),
        typed("object", "[1]", class_name="A", serialization="application/json"),
    ),
    "Object text in another format stays a text": (
        Value(type="Object", value=json_text("<a/>"), class_name="A", serialization="application/xml"),
        typed("object", '"<a/>"', class_name="A", serialization="application/xml"),
    ),
    "Xml": (typed("Xml", '"<a/>"'), typed("xml", '"<a/>"')),
    "Date as Camunda answers it": (
        typed("Date", '"2016-01-25T13:33:42.165+0100"'),
        typed("date-time", '"2016-01-25T13:33:42.165+01:00"'),
    ),
    "Date as RFC 3339 says": (typed("Date", '"2016-01-25T00:00:00Z"'), typed("date-time", '"2016-01-25T00:00:00Z"')),
    "Bytes": (typed("Bytes", '"AAEC"'), typed("bytes", '"AAEC"')),
    "File": (typed("File", '"AAEC"', filename="a"), typed("file", '"AAEC"', filename="a")),
    "Short": (typed("Short", "5"), typed("integer/int16", "5")),
    "Integer": (typed("Integer", "5"), typed("integer/int32", "5")),
    "Long": (typed("Long", "5"), typed("integer/int64", "5")),
    "Double": (typed("Double", "5"), typed("number/double", "5")),
    "Decimal": (typed("Decimal", "5.10"), typed("number/decimal", "5.10")),
    "Boolean": (typed("Boolean", "true"), typed("boolean", "true")),
    "String": (typed("String", '"{}"'), typed("string", '"{}"')),
    "Time": (typed("Time", '"2016-01-25T00:00:00Z"'), typed("date-time", '"2016-01-25T00:00:00Z"')),
    "Map": (typed("Map", '{"a":1}'), typed("json", '{"a":1}')),
    "XMLElement": (typed("XMLElement", '"<a/>"'), typed("xml", '"<a/>"')),
    "XMLDocument": (typed("XMLDocument", '"<a/>"'), typed("xml", '"<a/>"')),
    "IBM's list": (typed("List", '{"selected":[],"items":[1.10]}'), typed("list", "[1.10]")),
    "IBM's list with metadata": (
        typed("List", '{"selected":null,"items":[{"a":1}],"@metadata":{"dirty":true}}'),
        typed("list", '[{"a":1}]'),
    ),
    "List": (typed("List", "[1]"), typed("list", "[1]")),
    "Null": (Value(type="Null"), typed("null", "null")),
}


@pytest.mark.parametrize(("given", "wanted"), TAKEN.values(), ids=TAKEN)
def test_vendors_name_brings_the_vendors_spelling(given: Value, wanted: Value) -> None:
    assert check_value(given, "/value") == wanted


def test_every_vendors_name_is_tried() -> None:
    assert set(SYNONYMS) <= {given.type for given, _ in TAKEN.values()}


REFUSED: dict[str, tuple[Value, type[Exception], str]] = {
    "broken Json text": (Value(type="Json", value=json_text("{a")), ValueInvalid, "plain JSON goes with `json`"),
    "empty Json text": (Value(type="Json", value=json_text("")), ValueInvalid, "plain JSON goes with `json`"),
    "Json text with a key twice": (
        Value(type="Json", value=json_text('{"a":1,"a":2}')),
        ValueInvalid,
        "same key twice",
    ),
    "broken Object text": (Value(type="Object", value=json_text("[")), ValueInvalid, "plain JSON goes with `object`"),
    "Date without an offset": (typed("Date", '"2016-01-25"'), ValueInvalid, "`2016-01-25T00:00:00Z`"),
    "Date that is none": (typed("Date", '"2016-02-30T00:00:00.000+0000"'), ValueInvalid, "no such date"),
    "Date too fine": (typed("Date", '"2016-01-25T00:00:00.1234567Z"'), ValueNotRepresentable, "microsecond"),
    "Camunda's date beside date-time": (
        typed("date-time", '"2016-01-25T13:33:42.165+0100"'),
        ValueInvalid,
        "`2016-01-25T00:00:00Z`",
    ),
    "IBM's list with a selection": (typed("List", '{"selected":[0],"items":[1]}'), ValueInvalid, "JSON array"),
    "IBM's list beside our name": (typed("list", '{"selected":[],"items":[1]}'), ValueInvalid, "JSON array"),
    "object that is no list": (typed("List", '{"items":[1],"more":2}'), ValueInvalid, "JSON array"),
    "Integer that does not fit": (typed("Integer", "2147483648"), ValueInvalid, "int32"),
    "misspelled name": (typed("JSON", "1"), InvalidRequest, "Did you mean `json`?"),
}


@pytest.mark.parametrize(("given", "error", "detail"), REFUSED.values(), ids=REFUSED)
def test_value_that_is_not_the_vendors_spelling_is_refused_with_what_would_be(
    given: Value, error: type[Exception], detail: str
) -> None:
    with pytest.raises(error, match=detail) as refusal:
        check_value(given, "/value")
    assert [fault.pointer for fault in refusal.value.errors] == ["/value"]  # type: ignore[attr-defined]


def test_refusal_of_a_broken_text_does_not_show_it() -> None:
    with pytest.raises(ValueInvalid) as refusal:
        check_value(Value(type="Json", value=json_text('{"secret')), "/value")
    assert "secret" not in refusal.value.detail


INFO: dict[str, tuple[str, str]] = {
    "of an object": (
        '{"type":"Object","value":"{}","valueInfo":{"objectTypeName":"A","serializationDataFormat":"application/json"}}',
        '{"type":"Object","value":"{}","className":"A","serialization":"application/json"}',
    ),
    "of a file": (
        '{"type":"File","value":"","valueInfo":{"filename":"a","mimeType":"text/plain","encoding":"UTF-8"}}',
        '{"type":"File","value":"","filename":"a","mediaType":"text/plain","encoding":"UTF-8"}',
    ),
    "transient": (
        '{"type":"String","value":"","valueInfo":{"transient":true}}',
        '{"type":"String","value":"","transient":true}',
    ),
    "empty": ('{"type":"String","value":"","valueInfo":{}}', '{"type":"String","value":""}'),
    "null": ('{"type":"String","value":"","valueInfo":null}', '{"type":"String","value":""}'),
    "null member": ('{"type":"File","valueInfo":{"filename":"a","encoding":null}}', '{"type":"File","filename":"a"}'),
    "said twice alike": (
        '{"type":"File","filename":"a","valueInfo":{"filename":"a"}}',
        '{"type":"File","filename":"a"}',
    ),
    "serialization that the type says": (
        '{"type":"Json","value":"1","valueInfo":{"serializationDataFormat":"application/json"}}',
        '{"type":"Json","value":"1"}',
    ),
}


@pytest.mark.parametrize(("given", "wanted"), INFO.values(), ids=INFO)
def test_value_info_is_what_our_members_are(given: str, wanted: str) -> None:
    value = jsontext.parse(given)
    with_vendor_info(value, "")
    assert value == jsontext.parse(wanted)


BAD_INFO: dict[str, tuple[str, str, str]] = {
    "beside our name": ('{"type":"json","valueInfo":{}}', "", 'as in `"type": "Json"`; beside our own names'),
    "without a type": ('{"value":1,"valueInfo":{}}', "", "give the type, too"),
    "no object": ('{"type":"File","valueInfo":"a.pdf"}', "", "is an object, as in"),
    "the manual's mimetype": ('{"type":"File","valueInfo":{"mimetype":"x"}}', "/mimetype", "Did you mean `mimeType`?"),
    "a text that is a number": ('{"type":"File","valueInfo":{"filename":5}}', "/filename", "is a text"),
    "transient that is a text": ('{"type":"File","valueInfo":{"transient":"true"}}', "/transient", "true or false"),
    "other than our member": (
        '{"type":"File","filename":"b","valueInfo":{"filename":"a"}}', "/filename", "contradicts `filename`",
    ),
    "other than the type": (
        '{"type":"Json","valueInfo":{"serializationDataFormat":"application/xml"}}',
        "/serializationDataFormat",
        "contradicts the type",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "at", "detail"), BAD_INFO.values(), ids=BAD_INFO)
def test_value_info_that_is_in_doubt_is_refused_where_it_stands(given: str, at: str, detail: str) -> None:
    value: dict[str, Any] = jsontext.parse(given)
    with pytest.raises(InvalidRequest, match=detail) as refusal:
        with_vendor_info(value, "/modifications/x")
    assert [fault.pointer for fault in refusal.value.errors] == [f"/modifications/x/valueInfo{at}"]


@pytest.mark.parametrize("kind", ['"Jsno"', "5", '["Json"]'], ids=["unknown", "number", "array"])
def test_value_info_beside_a_type_that_is_none_leaves_the_refusal_to_the_type(kind: str) -> None:
    value = jsontext.parse('{"type":' + kind + ',"valueInfo":{"filename":"a"}}')
    with_vendor_info(value, "")
    assert value == jsontext.parse('{"type":' + kind + "}")


def test_value_that_is_in_our_spelling_already_stays_the_same_object() -> None:
    value = typed("json", '{"a":1}')
    assert check_value(value) is value

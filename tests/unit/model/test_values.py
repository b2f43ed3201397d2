"""Values are checked against their type without rounding."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidRequest, ValueInvalid, ValueNotRepresentable, VarbridgeError
from gateway.model.values import Value, check_value, infer_type, instant, instant_text


def value(text: str, **fields: str) -> Value:
    return Value(value=msgspec.Raw(text.encode()), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "form"),
    [
        ("true", "boolean", None),
        ("null", "null", None),
        ('"x"', "string", None),
        ("[1]", "json", None),
        ("{}", "json", None),
        ("0", "integer", "int32"),
        ("-2147483648", "integer", "int32"),
        ("2147483648", "integer", "int64"),
        ("9223372036854775807", "integer", "int64"),
        ("1.10", "number", "double"),
        ("1e2", "number", "double"),
        ("1e400", "number", "decimal"),
        ("0.1000000000000000000001", "number", "decimal"),
    ],
)
def test_type_left_out_is_inferred(text: str, kind: str, form: str | None) -> None:
    assert infer_type(text.encode()) == (kind, form)
    assert check_value(value(text)) == value(text, type=kind, **({"format": form} if form else {}))


@pytest.mark.parametrize(
    ("given_value", "error"),
    [
        (value("9223372036854775808"), ValueNotRepresentable),
        (value("2147483648", type="Integer"), ValueInvalid),
        (value("32768", type="integer", format="int16"), ValueInvalid),
        (value("42.0", type="integer"), ValueInvalid),
        (value("1e3", type="integer"), ValueInvalid),
        (value('"1"', type="integer"), ValueInvalid),
        (value("1", type="boolean"), ValueInvalid),
        (value("1", type="null"), ValueInvalid),
        (value("5", type="string"), ValueInvalid),
        (value('"NaN"', type="number", format="decimal"), ValueInvalid),
        (value("1e400", type="number", format="double"), ValueNotRepresentable),
        (value("9007199254740993", type="number", format="double"), ValueNotRepresentable),
        (value('"aGVsbG8"', type="bytes"), ValueInvalid),
        (value('"_-8="', type="bytes"), ValueInvalid),
        (value("{}", type="list"), ValueInvalid),
        (value('"x"', type="opaque"), ValueInvalid),
        (value('"2013-01-23"', type="date-time"), ValueInvalid),
        (value('"2013-01-23T13:42:42+0100"', type="date-time"), ValueInvalid),
        (value('"2013-02-30T13:42:42Z"', type="date-time"), ValueInvalid),
        (value('"2016-12-31T23:59:60Z"', type="date-time"), ValueInvalid),
        (value('"0001-01-01T00:00:00+01:00"', type="date-time"), ValueInvalid),
        (value('"2013-01-23T13:42:42.1234567Z"', type="date-time"), ValueNotRepresentable),
        (value("1", type="STRING"), InvalidRequest),
        (value("1", type="integer", format="double"), InvalidRequest),
        (value("1", format="int32"), InvalidRequest),
        (value('"x"', type="string", filename="a"), InvalidRequest),
        (Value(type="string"), InvalidRequest),
        (Value(), InvalidRequest),
    ],
)
def test_value_that_does_not_fit_is_refused_with_its_pointer(given_value: Value, error: type[VarbridgeError]) -> None:
    with pytest.raises(error) as caught:
        check_value(given_value, "/modifications/x")
    assert [fault.pointer for fault in caught.value.errors] == ["/modifications/x"]


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_double_that_is_not_finite_travels_as_text(name: str) -> None:
    assert check_value(value(f'"{name}"', type="Double")).format == "double"


def test_typed_null_keeps_its_type() -> None:
    assert check_value(value("null", type="Long")) == value("null", type="integer", format="int64")


def test_null_type_needs_no_value() -> None:
    assert check_value(Value(type="null")).text == b"null"


@given(st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1))
def test_any_64_bit_integer_keeps_its_digits(number: int) -> None:
    assert check_value(value(str(number))).text == str(number).encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_double_keeps_its_lexeme_and_stays_a_double(number: float) -> None:
    text = repr(number)
    assert check_value(value(text, type="number")) == value(text, type="number", format="double")


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - made aware below
def test_any_instant_survives_its_text(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert instant(instant_text(aware)) == aware


def test_offset_is_answered_in_utc() -> None:
    assert instant_text(instant("2013-01-23T13:42:42.5+01:00")) == "2013-01-23T12:42:42.500Z"


@pytest.mark.parametrize("offset", ["+24:00", "-99:00", "+00:60", "-01:99"])
def test_offset_that_no_zone_has_is_refused(offset: str) -> None:
    with pytest.raises(ValueInvalid):
        instant(f"2013-01-23T13:42:42{offset}")


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        moment = instant(text)
    except (ValueInvalid, ValueNotRepresentable):
        return
    assert instant(instant_text(moment)) == moment


EXAMPLES = {
    "boolean": ('"yes"', "A boolean is true or false.", "true"),
    "integer": ("4.2", "An integer is written with digits only: `42`.", "42"),
    "number": (
        '"1,5"',
        "A number is written as JSON writes it, in at most 1000 characters: `1.5`, `1e3`.",
        "1.5",
    ),
    "string": ("5", 'The value is not a JSON string, such as `"text"`.', '"text"'),
    "xml": ("5", 'The value is not a JSON string, such as `"text"`.', '"text"'),
    "date-time": (
        '"2016-01-25"',
        "A date-time is written as RFC 3339 says, with an offset or Z: `2016-01-25T00:00:00Z`.",
        '"2016-01-25T00:00:00Z"',
    ),
    "bytes": (
        '"aGVsbG8"',
        'Bytes are written in base64, padded, standard alphabet: `"aGVsbG8="`.',
        '"aGVsbG8="',
    ),
    "list": ("{}", "A list is a JSON array: `[1, 2]`.", "[1, 2]"),
}


@pytest.mark.parametrize(("kind", "wrong", "detail", "right"), [(k, *v) for k, v in EXAMPLES.items()], ids=EXAMPLES)
def test_wrong_value_is_refused_with_one_that_would_be_taken(kind: str, wrong: str, detail: str, right: str) -> None:
    with pytest.raises(ValueInvalid) as caught:
        _ = check_value(value(wrong, type=kind))
    assert caught.value.detail == detail
    assert right.strip('"') in detail
    assert check_value(value(right, type=kind)).text == right.encode()


@pytest.mark.parametrize("kind", ["date-time", "bytes", "file"])
def test_number_where_a_text_of_some_form_is_needed_is_refused_with_that_form(kind: str) -> None:
    with pytest.raises(ValueInvalid) as caught:
        _ = check_value(value("5", type=kind))
    assert caught.value.detail == EXAMPLES["bytes" if kind == "file" else kind][1]


def test_integer_out_of_bounds_is_refused_with_the_bounds() -> None:
    with pytest.raises(ValueInvalid) as caught:
        _ = check_value(value("32768", type="integer", format="int16"))
    assert caught.value.detail == "The integer does not fit int16, which goes from -32768 to 32767."


@pytest.mark.parametrize(
    ("kind", "formats"),
    [pytest.param("integer", "int16, int32, int64", id="integer"), pytest.param("string", "none", id="string")],
)
def test_format_that_a_type_does_not_have_is_refused_with_those_it_has(kind: str, formats: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        _ = check_value(value('"x"', type=kind, format="int8"))
    assert caught.value.detail == f"The type {kind} has no such format. Its formats: {formats}."

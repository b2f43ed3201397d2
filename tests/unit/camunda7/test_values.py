"""Values in the vendor's spelling: what goes by a rule, per-engine dates, what comes back as something else."""

from __future__ import annotations

import pytest

from adapters.camunda7.settings import Settings
from adapters.camunda7.values import decode, encode, unreadable
from adapters.camunda7.wire import WireValue
from gateway.errors import Unsupported, ValueInvalid, ValueNotRepresentable
from gateway.model.values import Value, check_value, json_text
from tests.conformance.values import raw, typed

LENIENT = Settings(decimals="double", fractions="truncate")


def sent(value: Value, settings: Settings) -> tuple[str | None, bytes, str | None]:
    wire, rule = encode("v", check_value(value), settings, "/v")
    return wire.type, bytes(wire.value), rule


@pytest.mark.parametrize(
    ("value", "strict", "lenient"),
    [
        ("1.5", b"1.5", None),
        ("-0", b"-0", None),
        ("1.10", b"1.10", None),
        ("0.1000000000000000000000000000001", None, b"0.1"),
        ("12345678901234567890.123456789", None, b"1.2345678901234567e+19"),
        ("1e400", None, None),
    ],
)
def test_decimal_is_a_double_that_prints_it_or_goes_by_the_rule(
    value: str, strict: bytes | None, lenient: bytes | None
) -> None:
    decimal = typed("number/decimal", value)
    if strict is not None:
        assert sent(decimal, Settings()) == sent(decimal, LENIENT) == ("Double", strict, None)
        return
    with pytest.raises(ValueNotRepresentable):
        sent(decimal, Settings())
    if lenient is None:
        with pytest.raises(ValueNotRepresentable):
            sent(decimal, LENIENT)
    else:
        assert sent(decimal, LENIENT) == ("Double", lenient, "decimal-to-double")


@pytest.mark.parametrize(
    ("settings", "moment", "wire", "rule"),
    [
        (Settings(), "2026-03-01T10:30:00.25+01:00", b'"2026-03-01T09:30:00.250+0000"', None),
        (Settings(date_format="SSSXX"), "2026-03-01T09:30:00Z", b'"2026-03-01T09:30:00.000Z"', None),
        (LENIENT, "2026-03-01T09:30:00.123999Z", b'"2026-03-01T09:30:00.123+0000"', "date-truncated-to-milliseconds"),
        (LENIENT, "2026-03-01T09:30:00.123Z", b'"2026-03-01T09:30:00.123+0000"', None),
        (Settings(), "0001-01-01T00:00:00Z", b'"0001-01-01T00:00:00.000+0000"', None),
        (Settings(), "9999-12-31T23:59:59.999Z", b'"9999-12-31T23:59:59.999+0000"', None),
    ],
)
def test_date_is_written_in_the_engines_pattern(settings: Settings, moment: str, wire: bytes, rule: str | None) -> None:
    assert sent(typed("date-time", f'"{moment}"'), settings) == ("Date", wire, rule)


@pytest.mark.parametrize(
    "moment",
    ["1582-10-05T00:00:00Z", "1582-10-14T23:59:59.999Z", "1582-10-15T00:30:00+01:00", "2026-01-01T00:00:00.0001Z"],
)
def test_date_that_the_engine_would_bend_is_refused(moment: str) -> None:
    with pytest.raises(ValueNotRepresentable):
        sent(typed("date-time", f'"{moment}"'), Settings())


@pytest.mark.parametrize(
    ("shown", "instant"),
    [
        ("2026-03-01T09:30:00.000+0000", "2026-03-01T09:30:00.000Z"),
        ("2026-02-28T23:30:00.001-1000", "2026-03-01T09:30:00.001Z"),
    ],
)
def test_date_is_read_in_any_zone_of_the_server(shown: str, instant: str) -> None:
    assert decode(WireValue(type="Date", value=raw(f'"{shown}"')), Settings()) == typed("date-time", f'"{instant}"')


@pytest.mark.parametrize(
    "shown", ["1500-02-29T00:00:00.000+0000", "10000-01-01T00:00:00.000+0100", "0001-01-01T00:00:00.000+0100"]
)
def test_date_that_has_no_place_is_opaque(shown: str) -> None:
    assert decode(WireValue(type="Date", value=raw(f'"{shown}"')), Settings()) == typed("opaque", f'"{shown}"')


@pytest.mark.parametrize(
    "text", ["<a>", "", "text", "<a/><b/>", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "<a>\x01</a>"]
)
def test_xml_that_no_parser_takes_is_refused(text: str) -> None:
    with pytest.raises(ValueInvalid):
        sent(Value(type="xml", value=json_text(text)), Settings())
    with pytest.raises(Unsupported):
        sent(typed("xml", '"<a/>"'), Settings(xml="refuse"))


def test_object_in_another_format_comes_back_as_it_is_and_java_is_read_only() -> None:
    info = {"objectTypeName": "A", "serializationDataFormat": "application/xml"}
    value = typed("object", '"<a/>"', class_name="A", serialization="application/xml")
    assert decode(WireValue(type="Object", value=raw('"<a/>"'), valueInfo=info), Settings()) == value
    wire = WireValue(type="Object", value=raw('"<a/>"'), valueInfo=info)
    assert encode("v", check_value(value), Settings(), "/v") == (wire, None)
    java = info | {"serializationDataFormat": "application/x-java-serialized-object"}
    opaque = decode(WireValue(type="Object", value=raw('"rO0ABQ=="'), valueInfo=java), Settings())
    assert (opaque.type, opaque.text, opaque.serialization) == (
        "opaque",
        b'"rO0ABQ=="',
        java["serializationDataFormat"],
    )
    with pytest.raises(ValueInvalid):
        check_value(opaque)


@pytest.mark.parametrize("kind", ["Json", "Object", "Date"])
def test_stored_text_that_no_utf8_carries_is_unreadable_and_no_error(kind: str) -> None:
    info = {"objectTypeName": "A", "serializationDataFormat": "application/json"}
    found = decode(WireValue(type=kind, value=raw('"\\ud800"'), valueInfo=info), Settings())
    assert (found.text, unreadable(found) is None) == (b"", False)


@pytest.mark.parametrize(
    ("shown", "shortest"),
    [
        ("6.2613201175695744E16", "6.261320117569574e+16"),  # Java before 19 writes a digit more than it needs
        ("5.6843418860808015E-14", "5.684341886080802e-14"),
        ("4.9E-324", "5e-324"),
        ("1.7976931348623157E308", "1.7976931348623157E308"),
        ("1.50", "1.50"),
        ('"-Infinity"', '"-Infinity"'),
    ],
)
def test_double_with_more_digits_than_are_its_own_is_read_so_that_it_can_be_written_back(
    shown: str, shortest: str
) -> None:
    found = decode(WireValue(type="Double", value=raw(shown)), Settings())
    assert found == typed("number/double", shortest) == check_value(found)

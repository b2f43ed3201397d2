"""Dates in the pattern that an engine is set to. What is in ``JAVA`` was written by ``SimpleDateFormat`` of Java 17."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st

from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_value, decode, encode, unreadable
from adapters.camunda7.wire import WireValue
from gateway.errors import ValueInvalid, ValueNotRepresentable
from gateway.model.values import ABSENT, Value, instant, json_text
from tests.conformance.values import typed

USUAL, PLAIN, BERLIN, KOLKATA = "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "yyyy-MM-dd'T'HH:mm:ss", "Europe/Berlin", "Asia/Kolkata"
WINTER, SUMMER = "2016-01-25T12:33:42.165Z", "2016-07-01T00:00:00.005Z"
JAVA = [
    (USUAL, "", WINTER, "2016-01-25T12:33:42.165+0000", "2016-01-25T18:03:42.165+0530"),
    ("SSSZ", "", SUMMER, "2016-07-01T00:00:00.005+0000", "2016-07-01T02:00:00.005+0200"),
    ("SSSXX", "", WINTER, "2016-01-25T12:33:42.165Z", "2016-01-25T18:03:42.165+0530"),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "", WINTER, "2016-01-25T12:33:42.165Z", "2016-01-25T18:03:42.165+05:30"),
    ("d/M/y 'o''clock' H:mm:ss.S ZZZZ", "", SUMMER, "1/7/2016 o'clock 0:00:00.5 +0000", "1/7/2016 o'clock 2:00:00.5 +0200"),
    ("yyyyMMddHHmmssSSSZ", "", SUMMER, "20160701000000005+0000", "20160701020000005+0200"),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSX", BERLIN, WINTER, "2016-01-25T12:33:42.165Z", "2016-01-25T13:33:42.165+01"),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSX", KOLKATA, WINTER, "2016-01-25T12:33:42.165Z", "2016-01-25T18:03:42.165+05"),
    ("yyyy-MM-dd HH:mm:ss.SSS", "UTC", WINTER, "2016-01-25 12:33:42.165", "2016-01-25 12:33:42.165"),
    ("yyyyMMddHHmmssSSS", BERLIN, SUMMER, "20160701020000005", "20160701020000005"),
    ("y-M-d H:m:s.S", KOLKATA, SUMMER, "2016-7-1 5:30:0.5", "2016-7-1 5:30:0.5"),
    ("yyyyy-MM-dd HH:mm:ss.SSSSSS", BERLIN, WINTER, "02016-01-25 13:33:42.000165", "02016-01-25 13:33:42.000165"),
    ("yyyy-MM-dd HH:mm:ss''S", BERLIN, SUMMER, "2016-07-01 02:00:00'5", "2016-07-01 02:00:00'5"),
    # a Z in quotes says nothing: the clock of the zone is meant
    ("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", BERLIN, WINTER, "2016-01-25T13:33:42.165Z", "2016-01-25T13:33:42.165Z"),
    (PLAIN, BERLIN, "2016-01-25T12:33:42Z", "2016-01-25T13:33:42", "2016-01-25T13:33:42"),
    (PLAIN, KOLKATA, "2016-01-25T12:33:42Z", "2016-01-25T18:03:42", "2016-01-25T18:03:42"),
    (PLAIN, BERLIN, "2050-06-30T22:00:00Z", "2050-07-01T00:00:00", "2050-07-01T00:00:00"),
    ("dd.MM.yyyy HH:mm", BERLIN, "2016-06-30T22:00:00Z", "01.07.2016 00:00", "01.07.2016 00:00"),
    ("yyyy-MM-dd", BERLIN, "2016-06-30T22:00:00Z", "2016-07-01", "2016-07-01"),
]  # fmt: skip


def settings(pattern: str, zone: str = "", **more: object) -> Settings:
    return Settings(date_format=pattern, date_zone=zone, **more)  # type: ignore[arg-type]


def date(text: str) -> WireValue:
    return WireValue(type="Date", value=json_text(text))


def moment(text: str) -> datetime:
    return instant(text)


@pytest.mark.parametrize(("pattern", "zone", "when", "sent", "stored"), JAVA, ids=[f"{p} {z}" for p, z, *_ in JAVA])
def test_date_goes_and_comes_in_the_engines_pattern(pattern: str, zone: str, when: str, sent: str, stored: str) -> None:
    engine = settings(pattern, zone)
    shown = json_text(moment(when).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    assert encode("v", typed("date-time", f'"{when}"'), engine, "") == (date(sent), None)
    for text in (sent, stored):
        assert decode(date(text), engine) == Value(type="date-time", value=shown)
        assert check_value(Value(type="Date", value=json_text(text)), engine) == Value(type="date-time", value=shown)


@pytest.mark.parametrize(("pattern", "zone"), [(p, z) for p, z, *_ in JAVA], ids=[f"{p} {z}" for p, z, *_ in JAVA])
@drawn(deadline=None, derandomize=True)
@given(when=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)))
def test_date_that_is_written_is_read_as_the_same_moment(pattern: str, zone: str, when: datetime) -> None:
    dates = settings(pattern, zone).dates
    try:
        text = dates.write(when)
    except ValueNotRepresentable:
        return
    assert dates.read(text) == when


@pytest.mark.parametrize("pattern", ["SSSZ", "SSSXX", "yyyyMMddHHmmssSSSXXX"])
@drawn(deadline=None, derandomize=True)
@given(when=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)))
def test_complete_pattern_with_an_offset_writes_every_millisecond_but_of_the_days_left_out(
    pattern: str, when: datetime
) -> None:
    when = when.replace(microsecond=when.microsecond // 1000 * 1000)
    left_out = (1582, 10, 5) <= (when.year, when.month, when.day) < (1582, 10, 15)
    assert left_out or settings(pattern).dates.read(settings(pattern).dates.write(when)) == when


REFUSED = [
    (PLAIN, BERLIN, "2016-10-30T00:30:00Z", "go through twice"),
    (PLAIN, BERLIN, "2016-10-30T01:30:00Z", "go through twice"),
    (PLAIN, BERLIN, "1899-12-31T00:00:00Z", "1900"),
    (PLAIN, BERLIN, "9999-12-31T23:30:00Z", "1900"),
    (PLAIN, "UTC", "2016-01-25T12:33:42.165Z", "to the second"),
    ("dd.MM.yyyy HH:mm", "UTC", "2016-01-25T12:33:42Z", "no such part of a day"),
    ("yyyy-MM-dd", "UTC", "2016-01-25T12:00:00Z", "no such part of a day"),
    ("yyyy-MM-dd", BERLIN, "2016-01-25T00:00:00Z", "no such part of a day"),
    ("y-M-d H:m:s.S Z", "", "0016-01-25T12:33:42Z", "two digits"),
    ("SSSXX", "", "2016-01-25T12:33:42.1651Z", "to the millisecond"),
    (USUAL, "", "1582-10-10T00:00:00Z", "leaves out"),
]


@pytest.mark.parametrize(("pattern", "zone", "when", "why"), REFUSED, ids=[f"{p} {w}" for p, _, w, _ in REFUSED])
def test_date_that_would_come_back_as_another_is_refused(pattern: str, zone: str, when: str, why: str) -> None:
    with pytest.raises(ValueNotRepresentable, match=why) as refusal:
        encode("v", typed("date-time", f'"{when}"'), settings(pattern, zone), "/v")
    assert [fault.pointer for fault in refusal.value.errors] == ["/v"]


UNREADABLE = [
    ("SSSZ", "", "2016-01-25T12:33:42.165Z"),
    ("SSSZ", "", "2016-01-25T12:33:42.165+00:00"),
    ("SSSZ", "", "2016-01-25T12:33:42+0000"),
    ("SSSXX", "", "2016-01-25T12:33:42.165+00:00"),
    (PLAIN, BERLIN, "2016-01-25T12:33:42.165+0000"),
    (PLAIN, BERLIN, "2016-10-30T02:30:00"),
    (PLAIN, BERLIN, "2016-03-27T02:30:00"),
    (PLAIN, BERLIN, "1899-12-31T00:00:00"),
    ("yyyy-MM-dd'T'HH:mm:ssX", BERLIN, "2016-01-25T13:33:42+02"),
    ("SSSZ", "", ""),
    ("SSSZ", "", "x"),
]


@pytest.mark.parametrize(("pattern", "zone", "text"), UNREADABLE, ids=[f"{p} {t}" for p, _, t in UNREADABLE])
def test_stored_date_that_does_not_fit_has_no_value_and_an_error_that_names_the_setting(
    pattern: str, zone: str, text: str
) -> None:
    found = decode(date(text), settings(pattern, zone))
    assert found == Value(type="date-time", value=ABSENT)
    assert "`date_format`" in (unreadable(found) or "")


def test_hour_that_clocks_go_through_twice_is_told_apart_by_the_hours_of_the_offset() -> None:
    dates = settings("yyyy-MM-dd'T'HH:mm:ssX", BERLIN).dates
    assert dates.read("2016-10-30T02:30:00+02") == moment("2016-10-30T00:30:00Z")
    assert dates.read("2016-10-30T02:30:00+01") == moment("2016-10-30T01:30:00Z")


def test_date_below_the_engines_unit_is_cut_by_a_rule_where_that_is_set() -> None:
    value = typed("date-time", '"2016-01-25T12:33:42.165Z"')
    lenient = settings(PLAIN, BERLIN, fractions="truncate")
    assert encode("v", value, lenient, "") == (date("2016-01-25T13:33:42"), "date-truncated-to-seconds")


def test_vendors_date_goes_by_the_pattern_first_and_by_rfc_3339_else() -> None:
    quoted = settings("yyyy-MM-dd'T'HH:mm:ss'Z'", BERLIN)
    taken = {
        "2016-01-25T13:33:42Z": "2016-01-25T12:33:42.000Z",
        "2016-01-25T13:33:42+01:00": "2016-01-25T13:33:42+01:00",
        "2016-01-25T13:33:42.165+0100": "2016-01-25T13:33:42.165+01:00",
    }
    for text, meant in taken.items():
        assert check_value(Value(type="Date", value=json_text(text)), quoted) == typed("date-time", f'"{meant}"')
    with pytest.raises(ValueInvalid):
        check_value(Value(type="Date", value=json_text("25.01.2016")), quoted)


@pytest.mark.parametrize("offset", ["+2400", "-9900", "+0060"])
def test_offset_that_no_zone_has_is_no_date(offset: str) -> None:
    text = f"2016-01-25T13:33:42.165{offset}"
    with pytest.raises(ValueInvalid):
        check_value(Value(type="Date", value=json_text(text)), settings("SSSZ", ""))
    assert decode(date(text), settings("SSSZ", "")) == Value(type="opaque", value=json_text(text))


BAD = [
    ("yyyy-MM-ddTHH:mm:ssZ", "", "date_format: the letter T is not taken"),
    ("EEE, d MMM yyyy HH:mm:ss Z", "", "date_format: the letter E is not taken"),
    ("d MMM yyyy HH:mm:ss Z", "", "date_format: names of months"),
    ("yy-MM-dd HH:mm:ss Z", "", "date_format: yy is not taken"),
    ("HH:mm:ss Z", "", "date_format: the letter y is missing"),
    ("yyyy-MM-dd HH:mm:ss XXXX", "", "date_format: X stands one to three times"),
    ("yyyy-MM-dd HH:mm:ss Z X", "", "date_format: an offset stands in two places"),
    ("yyyy-MM-dd HH:mm:ss d", "", "date_format: the letter d stands in two places"),
    ("yyyy-MM-dd'T", "", "date_format: a quote is not closed"),
    ("yyyyMdHHmmssSSSZ", "", "date_format: M right before another number: MM is needed"),
    ("", "", "date_format: the letter y is missing"),
    (PLAIN, "", 'date_zone: `date_format` has no offset, .* as in "Europe/Berlin"'),
    ("yyyy-MM-dd'T'HH:mm:ssX", "", "date_zone: `date_format` has hours of the offset only"),
    (PLAIN, "Europe/Berln", "date_zone: no time zone of this name"),
    (PLAIN, "Europe", "date_zone: no time zone of this name"),
    (PLAIN, "../../etc/passwd", "date_zone: no time zone of this name"),
    ("SSSZ", BERLIN, "date_zone: `date_format` has an offset"),
]


@pytest.mark.parametrize(("pattern", "zone", "said"), BAD, ids=[f"{p} {z}" for p, z, _ in BAD])
def test_setting_that_cannot_be_carried_out_is_refused_when_it_is_read(pattern: str, zone: str, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert({"date_format": pattern, "date_zone": zone}, Settings)


LENIENT = [
    ("SSSZ", True, ["2013-01-23T13:42:42.000+0000", " 2013-1-2T3:4:5.6CET x", "2013-13-45T25:61:61.1GMT"]),
    ("SSSZ", False, ["2013-01-23T13:42:42.000Z", "2013-01-23T13:42:42", "2013-01-23", "x2013-01-23T13:42:42.000+0000"]),
    ("SSSXX", True, ["2013-01-23T13:42:42.000Z", "2013-01-23T13:42:42.000+0100"]),
    (PLAIN, True, ["2013-01-23T13:42:42", "2013-1-5T1:2:3 trailing", "-2013- 1- 5T1:2:3", "2013-01--25T1:2:3"]),
    (PLAIN, False, ["2013-01-23 13:42:42", "2013-01-23"]),
    ("yyyyMMdd", True, ["20130123", "2013012", "20160125x", "2016-0125"]),
    ("yyyyMMdd", False, ["201301", "x20130123"]),
]


def test_texts_that_an_engine_reads_as_dates_are_known() -> None:
    for pattern, taken, texts in LENIENT:
        zone = "" if pattern in {"SSSZ", "SSSXX"} else BERLIN
        lenient = settings(pattern, zone).dates.pattern.lenient
        assert [bool(lenient.match(text.lstrip())) for text in texts] == [taken] * len(texts)

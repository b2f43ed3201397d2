"""Errors in the vendor's shapes: the element that its XML schema demands, and what no caller may see."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from adapters.ibm_bpm.dialect import IbmBpmDialect
from gateway.errors import InstanceNotFound

DIALECT = IbmBpmDialect()
SCHEMA = ("status", "exceptionType", "errorNumber", "errorMessage", "programmersDetails")
"""The members of an error in the order of the vendor's schema; all of them are mandatory but the number."""


def error(details: bytes) -> bytes:
    return b'<?xml version="1.0"?>\n<e:RestRuntimeException xmlns:e="x"><Data>' + details + b"</Data>\r\n</e:x>"


@pytest.mark.parametrize(
    ("details", "left"),
    [
        (b"<programmersDetails>SQL</programmersDetails>", b"<programmersDetails></programmersDetails>"),
        (b"<programmersDetails>\n a\n b</programmersDetails >", b"<programmersDetails></programmersDetails >"),
        (b'<e:programmersDetails a="1"><b>SQL</b></e:programmersDetails>', b'<e:programmersDetails a="1"></e:programmersDetails>'),
        (b"<programmersDetails><![CDATA[</programmersDetails>SQL]]></programmersDetails>", b"<programmersDetails></programmersDetails>"),
        (b"<programmersDetails><!-- </programmersDetails> SQL --></programmersDetails>", b"<programmersDetails></programmersDetails>"),
        (b"<programmersDetails>1</programmersDetails><programmersDetails>2</programmersDetails>", b"<programmersDetails></programmersDetails>" * 2),
    ],
    ids=["text", "lines", "prefix-and-attribute", "end-in-cdata", "end-in-comment", "twice"],
)  # fmt: skip
def test_xml_element_for_programmers_stays_and_is_emptied(details: bytes, left: bytes) -> None:
    assert DIALECT.scrub(error(details)) == error(left)


@pytest.mark.parametrize(
    "details",
    [
        b"<programmersDetails></programmersDetails>",
        b"<programmersDetails/>",
        b"<e:programmersDetails />",
        b'<programmersDetails xsi:nil="true"/>',
        b'<programmersDetails a="1"></programmersDetails >',
    ],
    ids=["pair", "short", "prefix", "nil", "attribute"],
)
def test_xml_body_whose_element_is_empty_is_left_byte_for_byte(details: bytes) -> None:
    assert DIALECT.scrub(error(details)) == error(details)


def test_xml_body_that_was_cut_off_tells_nothing_of_its_element() -> None:
    assert DIALECT.scrub(b"<x><programmersDetails>SELECT *") == b"<x><programmersDetails>"
    assert DIALECT.scrub(b"<x><programmersDetails><![CDATA[</programmersDetails>S") == b"<x><programmersDetails>"


def test_json_member_for_programmers_goes() -> None:
    assert DIALECT.scrub(b'{"Data":{"a":1,"programmersDetails":"SQL", "b":2}}') == b'{"Data":{"a":1,"b":2}}'


def test_own_xml_error_has_all_that_the_schema_demands_in_its_order() -> None:
    answer = DIALECT.encode_error(InstanceNotFound(), "application/xml")
    root = ET.fromstring(answer.body)
    status, data = root  # elements of the schema's types have no namespace: elementFormDefault="unqualified"
    assert (root.tag, status.tag, data.tag) == (
        "{http://rest.bpm.ibm.com/v1/data/exception}RestRuntimeException",
        "status",
        "Data",
    )
    assert tuple(each.tag for each in data) == SCHEMA
    assert (data[-1].text, DIALECT.scrub(answer.body)) == (None, answer.body)

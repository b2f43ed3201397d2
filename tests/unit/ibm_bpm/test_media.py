"""What callers of IBM's language take: JSON, XML, or nothing that is spoken."""

from __future__ import annotations

import pytest

from adapters.ibm_bpm.dialect.media import accepted, is_taken, wants_xml
from gateway.port import DialectRequest

JSON = [
    "", "*/*", "application/json", "application/*", "*/*;q=0.1", "text/html, */*;q=0.2",
    "application/json, application/xml", "application/xml, application/json", "application/xml;q=0.5, application/json",
    "application/json, text/javascript, */*; q=0.01", "application/xml;q=0, */*", "application/xml;q=0.5, */*",
    "Application/JSON;charset=utf-8", "application/json;q=x",
]  # fmt: skip
XML = [
    "application/xml", "APPLICATION/XML", "application/xml;charset=utf-8", "application/xml, */*",
    "application/json;q=0.5, application/xml", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;q=0, */*", "application/xml, application/*",
]  # fmt: skip
NOTHING = [
    "text/html", "text/xml", "application/json;q=0", "*/*;q=0", "application/x-javascript", "json",
    "text/javascript, application/javascript, */*; q=0.01", "application/json;q=0, application/xml;q=0.0, */*",
]  # fmt: skip


def asks(header: str, **query: str) -> DialectRequest:
    return DialectRequest(method="GET", segments=("process", "1"), headers={"accept": header}, query=query)


@pytest.mark.parametrize("accept", JSON)
def test_caller_that_takes_json_gets_it(accept: str) -> None:
    assert is_taken(asks(accept))
    assert not wants_xml(accept)


@pytest.mark.parametrize("accept", XML)
def test_caller_that_would_rather_have_xml_gets_it(accept: str) -> None:
    assert is_taken(asks(accept))
    assert wants_xml(accept)


@pytest.mark.parametrize("accept", NOTHING)
def test_caller_that_takes_neither_is_refused_in_json(accept: str) -> None:
    assert not is_taken(asks(accept))
    assert not wants_xml(accept)


def test_parameter_goes_before_the_header() -> None:
    assert accepted(asks("application/json", accept="application/xml")) == "application/xml"
    assert not is_taken(asks("application/json", accept="application/x-javascript"))


def test_script_with_a_callback_is_refused() -> None:
    assert not is_taken(asks("*/*", callback="f"))

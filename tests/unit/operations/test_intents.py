"""Intents: what a read must find for a write to have happened, whatever spelling the write came in."""

from __future__ import annotations

import pytest

from adapters.camunda7 import VENDOR
from gateway.model.commands import PatchVariables
from gateway.model.results import Variable
from gateway.model.values import Value, json_text
from gateway.operations import Target
from gateway.operations.idempotency import intents
from gateway.port import Credentials
from tests.conformance.values import typed

TARGET = Target(VENDOR.engine("hr", VENDOR.settings(), Credentials()), "1")
READ = {
    "Json": (Value(type="Json", value=json_text('{"a": 1.0}')), typed("json", '{"a":1.0}')),
    "json": (typed("json", '{"a":1}'), typed("json", '{"a":1.0}')),
    "Date": (typed("Date", '"2016-01-25T13:33:42.165+0100"'), typed("date-time", '"2016-01-25T12:33:42.165Z"')),
    "no type": (Value(value=typed("number", "1.50").value), typed("number/double", "1.5")),
}


@pytest.mark.parametrize(("written", "read"), READ.values(), ids=READ)
def test_value_that_was_written_is_found_as_it_is_read(written: Value, read: Value) -> None:
    intent = intents.decoded(intents.intended(TARGET, PatchVariables(instance="1", modifications={"v": written})))
    assert intents.found(intent, [Variable(name="v", value=read)])
    assert not intents.found(intent, [Variable(name="v", value=typed("json", '{"a":2}'))])


@pytest.mark.parametrize("kind", ["Bytes", "File", "Xml", "xml", "Date"])
def test_value_that_a_read_could_not_tell_has_no_intent(kind: str) -> None:
    value = Value(type=kind, value=json_text("25.01.2016"), filename="a" if kind == "File" else None)
    assert intents.intended(TARGET, PatchVariables(instance="1", modifications={"v": value})) == b""

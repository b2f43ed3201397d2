"""Intents: what a read must find for a write to have happened, whatever spelling the write came in."""

from __future__ import annotations

import pytest
from msgspec import Raw

from adapters import ibm_bpm
from adapters.camunda7 import VENDOR
from gateway.model.commands import PatchVariables
from gateway.model.results import Variable
from gateway.model.values import Value, json_text
from gateway.operations import Target
from gateway.operations.idempotency import intents
from gateway.port import Credentials
from tests.conformance.values import typed

DELETES_BY_NULL = Target(ibm_bpm.VENDOR.engine("claims", ibm_bpm.VENDOR.settings(), Credentials()), "1")
TARGET = Target(VENDOR.engine("hr", VENDOR.settings(), Credentials()), "1")
READ = {
    "Json": (Value(type="Json", value=json_text('{"a": 1.0}')), typed("json", '{"a":1.0}')),
    "json": (typed("json", '{"a":1}'), typed("json", '{"a":1.0}')),
    "Date": (typed("Date", '"2016-01-25T13:33:42.165+0100"'), typed("date-time", '"2016-01-25T12:33:42.165Z"')),
    "no type": (Value(value=typed("number", "1.50").value), typed("number/double", "1.5")),
}


@pytest.mark.parametrize(("written", "read"), READ.values(), ids=READ)
def test_value_that_was_written_is_found_as_it_is_read(written: Value, read: Value) -> None:
    intent = intents.decode_intent(
        intents.encode_intent(TARGET, PatchVariables(instance="1", modifications={"v": written}))
    )
    assert intents.is_fulfilled(intent, [Variable(name="v", value=read)])
    assert not intents.is_fulfilled(intent, [Variable(name="v", value=typed("json", '{"a":2}'))])


@pytest.mark.parametrize("kind", ["Bytes", "File", "Xml", "xml", "Date"])
def test_value_that_a_read_could_not_tell_has_no_intent(kind: str) -> None:
    value = Value(type=kind, value=json_text("25.01.2016"), filename="a" if kind == "File" else None)
    assert intents.encode_intent(TARGET, PatchVariables(instance="1", modifications={"v": value})) == b""


UNREADABLE = {
    "a text that is no JSON": Variable(name="v", value=Value(type="json"), error="The stored text is not JSON."),
    "a key that stands twice": Variable(name="v", value=typed("json", '{"a":1,"a":1}')),
    "a blob, which a list does not show": Variable(name="v", value=Value(type="bytes")),
}


@pytest.mark.parametrize("stored", UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize(
    "command",
    [
        PatchVariables(instance="1", modifications={"v": typed("null", "null")}),
        PatchVariables(instance="1", modifications={"v": typed("json", '{"a":1}')}),
        PatchVariables(instance="1", merges={"v": Raw(b'{"b":null}')}),
        PatchVariables(instance="1", deletions=("v",)),
    ],
    ids=["set to null", "set", "merged", "deleted"],
)
def test_value_that_cannot_be_read_is_never_what_was_intended(command: PatchVariables, stored: Variable) -> None:
    intent = intents.decode_intent(intents.encode_intent(DELETES_BY_NULL, command))
    assert not intents.is_fulfilled(intent, [stored])
    assert intents.is_fulfilled(intent, []) is bool(command.deletions)

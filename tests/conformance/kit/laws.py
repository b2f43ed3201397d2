"""Laws of values: what was read can be written back and changes nothing, for every payload of the vendor."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.model.commands import GetVariable
from gateway.model.values import ABSENT, Value
from tests.conformance.kit.asking import drawn, instance_of
from tests.conformance.payloads import NAME, PAYLOADS, got, put
from tests.conformance.subjects import Subject


class TestLaws:
    @drawn
    @given(data=st.data())
    def test_payload_read_and_written_back_is_the_same_or_the_write_is_refused(
        self, subject: Subject, data: st.DataObject
    ) -> None:
        settings = subject.engine.settings
        if getattr(settings, "metadata", "graft") == "strip" or getattr(settings, "json", "Json") == "Object":
            pytest.skip("is set to write something else")
        payload = data.draw(PAYLOADS[subject.engine.vendor])
        with instance_of(subject, NAME) as instance:
            if not put(subject, instance, payload):
                return
            before = got(subject, instance)
            if before is None:
                return
            variable = subject.ask("get_variable", GetVariable(instance=instance, name=NAME)).variable
            if variable.error is not None:
                assert variable.value.value == ABSENT
                return
            rules = ()
            with contextlib.suppress(Refusal):  # what nobody could write: a broken text, the same key twice
                rules = subject.patch(instance, {NAME: variable.value}).rules
            assert rules or got(subject, instance) == before

    @drawn
    @given(data=st.data())
    def test_payload_read_is_what_a_list_shows(self, subject: Subject, data: st.DataObject) -> None:
        payload = data.draw(PAYLOADS[subject.engine.vendor])
        with instance_of(subject, NAME) as instance:
            if not put(subject, instance, payload):
                return
            listed = subject.listed(instance)
            found: Value | None = None
            if NAME in listed:
                found = subject.ask("get_variable", GetVariable(instance=instance, name=NAME)).variable.value
            if found is not None and found.type not in {"bytes", "file"}:
                assert listed[NAME].value == found

"""Declared types: from hints, from the process model, remembered by snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ibm_bpm import VENDOR
from adapters.ibm_bpm.fake.convert import Shape
from adapters.ibm_bpm.values.declared import _KEPT, Models, types_in
from gateway.model.commands import GetVariable, ListVariables
from gateway.model.results import Rule
from gateway.model.values import Value
from gateway.port import Credentials
from tests.conformance.subjects import on_fake
from tests.conformance.values import raw, typed

DATE = typed("date-time", '"2026-03-01T09:30:00.000Z"')


def subject_of(**settings: Any):
    fake = VENDOR.fake()
    engine = VENDOR.engine("claims", VENDOR.settings(**settings), Credentials())
    return fake, on_fake(engine, fake, begin=fake.start, end=lambda _: None, missing="4711")


def begun(fake: Any, snapshot: str = "1") -> str:
    instance = fake.start("Claim", {"due": "2026-03-01T09:30:00Z", "ratio": 5, "n": 5})
    fake.instances[instance].shapes |= {"due": Shape(kind="Date"), "ratio": Shape(kind="Decimal")}
    fake.instances[instance].snapshot = snapshot
    return instance


def parts(subject: Any) -> list[str]:
    return [dict(request.query).get("parts", request.method) for request in subject.sent]


def test_model_is_read_once_a_snapshot_and_tells_the_types() -> None:
    fake, subject = subject_of(declared_types="model")
    first, second, other = begun(fake), begun(fake), begun(fake, "2")
    found = {name: each.value for name, each in subject.listed(first).items()}
    assert found == {"due": DATE, "ratio": typed("number/double", "5"), "n": typed("integer/int32", "5")}
    assert parts(subject) == ["header|data", "dataModel"]
    for instance, asked in ((second, ["header|data"]), (other, ["header|data", "dataModel"]), (other, ["header|data"])):
        assert subject.ask("get_variable", GetVariable(instance=instance, name="due")).variable.value == DATE
        assert parts(subject) == asked


def test_model_of_a_tip_is_read_every_time() -> None:
    fake, subject = subject_of(declared_types="model")
    instance = begun(fake, "cafeT")
    for _ in range(2):
        subject.ask("list_variables", ListVariables(instance=instance))
        assert parts(subject) == ["header|data", "dataModel"]


def test_hint_goes_over_the_model() -> None:
    fake, subject = subject_of(declared_types="model", types={"due": "string"})
    assert subject.read(begun(fake), "due") == typed("string", '"2026-03-01T09:30:00Z"')


def test_untyped_value_takes_the_declared_type_and_a_date_that_is_declared_needs_no_rule() -> None:
    fake, subject = subject_of(declared_types="model")
    instance = begun(fake)
    assert subject.patch(instance, {"due": Value(value=raw('"2026-03-01T10:30:00+01:00"'))}).rules == ()
    assert parts(subject) == ["header|data", "dataModel", "PUT"]
    assert subject.read(instance, "due") == DATE


def test_date_of_an_undeclared_type_is_a_text_by_a_rule() -> None:
    fake, subject = subject_of()
    instance = begun(fake)
    done = subject.patch(instance, {"due": DATE})
    assert done.rules == (Rule("date-time-to-string", "due"),)
    assert subject.read(instance, "due") == typed("string", '"2026-03-01T09:30:00Z"')
    assert subject_of(types={"due": "date-time"})[1].engine.settings.types == {"due": "date-time"}


@pytest.mark.parametrize(
    ("model", "types"),
    [
        ({"DataModel": {"inputs": {"a": {"type": "Date", "isList": False}}}}, {"a": "date-time"}),
        (
            {"dataModel": {"private": {"a": {"type": "Time"}, "b": {"type": "Decimal"}}}},
            {"a": "date-time", "b": "number"},
        ),
        ({"DataModel": {"inputs": {"a": {"type": "Date", "isList": True}}}}, {}),
        ({"DataModel": {"validation": {"Customer": {"type": "Date"}}}}, {}),
        ({"DataModel": {"inputs": {"a": {"type": "Customer"}, "b": {"type": 1}, "c": None, "d": "Date"}}}, {}),
        ({"DataModel": {"inputs": []}}, {}),
        ({"DataModel": None}, {}),
        ({}, {}),
        (None, {}),
        ([], {}),
    ],
)
def test_model_is_read_as_far_as_it_can_be(model: object, types: dict[str, str]) -> None:
    assert types_in(model) == types


def test_models_are_bounded_and_the_oldest_goes_first() -> None:
    models = Models()
    for number in range(_KEPT):
        models.keep(("25.1", str(number)), {})
    assert models.known(("25.1", "0")) == {}
    models.keep(("25.1", "more"), {})
    assert [models.known(("25.1", text)) for text in ("0", "1", "2", "more")] == [{}, None, {}, {}]
    models.keep(None, {})
    assert models.known(None) is None

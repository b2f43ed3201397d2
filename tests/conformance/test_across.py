"""A value that goes from one vendor to the other and back is the same, or was refused, or named its rule."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from gateway.errors import Refusal
from gateway.model.values import ABSENT, Value
from tests.conformance.kit.asking import both
from tests.conformance.subjects import NAMES, SUBJECTS, Subject
from tests.conformance.values import NUMERIC, kept_name, same, values

ENGINES = {name: SUBJECTS[name]() for name in ("camunda7", "ibm_bpm", "ibm_bpm-unset_as_null", "ibm_bpm-not_atomic")}
WAYS = [
    ("camunda7", "ibm_bpm"), ("camunda7", "ibm_bpm-unset_as_null"), ("camunda7", "ibm_bpm-not_atomic"),
    ("ibm_bpm", "camunda7"), ("ibm_bpm-unset_as_null", "camunda7"),
]  # fmt: skip


def written(subject: Subject, instance: str, name: str, value: Value) -> tuple[Value | None, tuple[Any, ...]] | None:
    """What is read after a write, and the rules of the write; None = refused, and nothing was sent."""
    try:
        rules = subject.patch(instance, {name: value}).rules
    except Refusal:
        return None
    return subject.read(instance, name), rules


@pytest.mark.parametrize(("home", "away"), WAYS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(value=values)
def test_value_that_travels_and_comes_back_is_the_same(home: str, away: str, value: Value) -> None:
    here, there = ENGINES[home], ENGINES[away]
    name = kept_name(value, NAMES)
    at_home, abroad = here.begin((name,)), there.begin((name,))
    first = written(here, at_home, name, value)
    if first is None or first[0] is None or first[0].is_null():
        return  # null and unset are one thing on some engines
    start = first[0]
    second = written(there, abroad, name, start)
    if second is None or second[0] is None:
        return
    moved, rules = second
    back = written(here, at_home, name, _as_copied(moved, start))
    if back is None or rules or back[1]:
        return
    assert back[0] is not None
    assert same(start, back[0], exactly=True), both(start, back[0])
    assert _told(back[0]) == _told(start), both(start, back[0])


def _as_copied(moved: Value, start: Value) -> Value:
    """Numbers go back without a type, as the variable has one (`keep_type`); an engine without types cannot name it."""
    if moved.type in NUMERIC and start.type in NUMERIC:
        return Value(value=moved.value)
    return moved


def _told(value: Value) -> Value:
    """Return all but the content; an array is an array, whatever an engine calls it."""
    kind = "json" if value.type == "list" and value.class_name is None else value.type
    return msgspec.structs.replace(value, type=kind, value=ABSENT)

"""Variables that were copied from one engine to another: every difference is explained, and every planted one is found.

A copy here is what the bridge makes: what verdicts allow is read from the source with its content and written with its
type; then both sides are listed and compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.bridge.compare import Digests, Terms, compare
from gateway.bridge.contents import content_digest
from gateway.errors import Refusal
from gateway.model import jsontext
from gateway.model.commands import ListVariables
from gateway.model.difference import COMPARISON_RULES, READ_AS, Difference
from gateway.model.etag import BLOBS
from gateway.model.jsontext import Number
from gateway.model.results import Variable
from gateway.model.values import Value
from tests.conformance.kit.asking import drawn as kit_drawn
from tests.conformance.nearby import near
from tests.conformance.payloads import NAME, PAYLOADS, put
from tests.conformance.subjects import NAMES, SUBJECTS, Subject
from tests.conformance.values import EXAMPLES, STRUCTURED, kept_name, raw, same, string, typed, values

ENGINES = {name: make() for name, make in SUBJECTS.items()}
WAYS = [
    ("camunda7", "ibm_bpm"), ("camunda7", "ibm_bpm-not_atomic"), ("camunda7", "ibm_bpm-unset_as_null"),
    ("camunda7", "ibm_bpm-refusing"), ("camunda7", "ibm_bpm-texts"), ("camunda7", "ibm_bpm-strip"),
    ("camunda7", "ibm_bpm-model"), ("ibm_bpm", "camunda7"), ("ibm_bpm-unset_as_null", "camunda7-lenient"),
    ("ibm_bpm-not_atomic", "camunda7-objects"), ("ibm_bpm-refusing", "camunda7"), ("camunda7", "camunda7-lenient"),
    ("camunda7-lenient", "camunda7-objects"), ("camunda7", "camunda7-dates"), ("camunda7", "camunda7-small"),
]  # fmt: skip
AWKWARD = [
    string("x" * 4001), string("x" * 3999 + "😀"), string("\u0000"), string("2026-03-01T09:30:00Z"), string("AAEC"),
    typed("date-time", '"0001-01-01T00:00:00Z"'), typed("date-time", '"9999-12-31T23:59:59.999Z"'),
    typed("date-time", '"2026-03-01T09:30:00.123Z"'), typed("date-time", '"2026-03-01T09:30:00.123456Z"'),
    typed("number/decimal", "123456789012345678901234567890"), typed("number/decimal", "0.100000000000000000000000000001"),
    typed("number/double", '"NaN"'), typed("number/double", '"-Infinity"'), typed("number/double", "-0.0"),
    typed("number/double", "5.0"), typed("integer/int16", "5"), typed("integer/int64", "5"),
    typed("integer/int64", "9007199254740993"), typed("boolean", "null"), typed("integer/int64", "null"),
    typed("json", "null"), typed("json", '"text"'), typed("json", '[1,1.10,{"a":null}]'), typed("json", '{"items":[1],"selected":[]}'),
    typed("json", "[" * 60 + "]" * 60), typed("object", '{"a":1}', class_name="com.acme.Customer"),
    typed("object", '"<a/>"', class_name="com.acme.A", serialization="application/xml"),
    typed("object", "[1]", class_name="java.util.ArrayList"), typed("file", '"AAEC"', filename='a"b.bin'),
    typed("file", '""', filename="leer.txt", media_type="text/plain", encoding="UTF-8"),
]  # fmt: skip
CASES = st.one_of(st.sampled_from([*AWKWARD, *(each for some in EXAMPLES.values() for each in some)]), values)
drawn = settings(kit_drawn, max_examples=25)


class Copied(msgspec.Struct, frozen=True):
    """One variable on both sides, as they are listed, with the digests of what came inline."""

    differences: tuple[Difference, ...]
    source: tuple[Variable, ...]
    target: tuple[Variable, ...]
    digests: Digests
    terms: Terms


def copied(home: Subject, away: Subject, at_home: str, abroad: str) -> Copied:
    """Copy what can be copied, and compare."""
    source = listed(home, at_home)
    verdicts = away.engine.assess(source, declared=away.declared)
    for verdict in verdicts:
        value = home.read(at_home, verdict.name) if verdict.kind != "unsupported" else None
        if value is not None:
            rules = away.patch(abroad, {verdict.name: value}).rules
            assert tuple(rule.id for rule in rules) == verdict.rules
    target = listed(away, abroad)
    terms = Terms(source=home.engine, target=away.engine, key=b"k", declared=away.declared)
    digests = Digests(source=hashed(home, at_home, source), target=hashed(away, abroad, target))
    return Copied(compare(source, target, terms, digests), source, target, digests, terms)


def listed(subject: Subject, instance: str) -> tuple[Variable, ...]:
    """Return the variables as a list shows them, but for a blob without content that turns out to be null."""
    found: tuple[Variable, ...] = subject.ask("list_variables", ListVariables(instance=instance)).variables
    return tuple(_or_null(subject, instance, each) if each.value.type in BLOBS else each for each in found)


def _or_null(subject: Subject, instance: str, blob: Variable) -> Variable:
    whole_value = subject.read(instance, blob.name)
    return msgspec.structs.replace(blob, value=whole_value) if whole_value and whole_value.is_null() else blob


def hashed(subject: Subject, instance: str, variables: Iterable[Variable]) -> dict[str, bytes]:
    blobs = [each.name for each in variables if each.value.type in BLOBS]
    contents = {name: subject.read(instance, name) for name in blobs}
    return {name: digest for name, value in contents.items() if value and (digest := content_digest(value))}


def begun(home: str, value: Value) -> tuple[Subject, str, str] | None:
    """Return an engine and an instance that holds a value, None where the engine cannot hold it."""
    here, name = ENGINES[home], kept_name(value, NAMES)
    at_home = here.begin((name,))
    try:
        _ = here.patch(at_home, {name: value})
    except Refusal:
        return None
    return here, at_home, name


@pytest.mark.parametrize(("home", "away"), WAYS)
@drawn
@given(value=CASES)
def test_value_that_was_copied_has_no_unexplained_difference(home: str, away: str, value: Value) -> None:
    source = begun(home, value)
    assume(source is not None)
    assert source is not None
    here, at_home, name = source
    found = copied(here, ENGINES[away], at_home, ENGINES[away].begin((name,)))
    (verdict,) = ENGINES[away].engine.assess(found.source, declared=ENGINES[away].declared) or (None,)
    for each in found.differences:
        assert verdict is not None
        if verdict.kind == "unsupported" and not (value.is_null() and each.is_explained):
            assert (each.outcome, each.rules) == ("missing_target", (verdict.code,)), each
        else:
            assert each.is_explained, (each, found.source, found.target)
            assert set(verdict.rules) <= set(each.rules)
            assert all(known(rule) for rule in set(each.rules) - set(verdict.rules)), each


def known(rule: str) -> bool:
    return rule in COMPARISON_RULES or rule.startswith(READ_AS)


@pytest.mark.parametrize(("home", "away"), WAYS)
@drawn
@given(data=st.data())
def test_vendors_payload_that_was_copied_has_no_unexplained_difference(
    home: str, away: str, data: st.DataObject
) -> None:
    here, there = ENGINES[home], ENGINES[away]
    at_home, abroad = here.begin((NAME,)), there.begin((NAME,))
    if not put(here, at_home, data.draw(PAYLOADS[here.engine.vendor])):
        return
    found = copied(here, there, at_home, abroad)
    verdicts = {each.name: each for each in there.engine.assess(found.source, declared=there.declared)}
    for each in found.differences:
        assert each.is_explained or verdicts[each.name].kind == "unsupported", (each, found.source, found.target)


@pytest.mark.parametrize(("home", "away"), WAYS)
@drawn
@given(value=CASES, data=st.data())
def test_value_that_is_not_the_one_that_was_copied_is_found(
    home: str, away: str, value: Value, data: st.DataObject
) -> None:
    """The target holds what was made of another value; it is right only where nobody could tell that from a copy."""
    other = data.draw(st.one_of(near(value), CASES))
    source = begun(home, value)
    assume(source is not None)
    assert source is not None
    here, at_home, name = source
    there = ENGINES[away]
    right, wrong = there.begin((name,)), there.begin((name,))
    copy = copied(here, there, at_home, right)
    assume(all(each.is_explained for each in copy.differences))
    try:
        _ = there.patch(wrong, {name: other})
    except Refusal:
        return
    planted, made = there.read(wrong, name), there.read(right, name)
    given_ = here.read(at_home, name)
    assume(planted is not None and made is not None and given_ is not None)
    assert planted is not None
    assert made is not None
    assert given_ is not None
    target = listed(there, wrong)
    digests = Digests(source=copy.digests.source, target=hashed(there, wrong, target))
    (found,) = compare(copy.source, target, copy.terms, digests)
    is_alike = alike(there, made, planted) or alike(there, given_, planted)
    assert found.is_explained == is_alike, (found, told(given_), told(made), told(planted))
    assert found.outcome != "equal" or told(given_) == told(planted) or same(given_, planted, exactly=True)


def alike(there: Subject, made: Value, planted: Value) -> bool:
    """Return whether nobody could tell what is planted from what a copy makes."""
    members = ("type", "format", "class_name", "serialization", "filename", "media_type", "encoding")
    differing = {each for each in members if getattr(made, each) != getattr(planted, each)}
    if "variables.stored_types" in there.engine.capabilities.features:
        return not differing and same(plain(made), plain(planted), exactly=False)
    free = {"type", "format", *(("class_name",) if made.class_name is None else ())}
    return differing <= free and same(plain(made, nulls=False), plain(planted, nulls=False), exactly=False)


def plain(value: Value, *, nulls: bool = True) -> Value:
    """Return a value whose JSON has each number in one spelling, and null members only if they count."""
    if value.type not in STRUCTURED or value.is_null() or value.serialization not in {None, "application/json"}:
        return value
    return msgspec.structs.replace(value, value=raw(jsontext.write(_plain(jsontext.parse(value.text), nulls=nulls))))


def _plain(tree: Any, *, nulls: bool) -> Any:
    match tree:
        case dict():
            return {key: _plain(each, nulls=nulls) for key, each in tree.items() if nulls or each is not None}
        case list():
            return [_plain(each, nulls=nulls) for each in tree]
        case Number():
            return {"number": list(jsontext.numeric(tree.text))}
        case _:
            return tree


def told(value: Value) -> bytes:
    return msgspec.json.encode(value)


@pytest.mark.parametrize(("home", "away"), WAYS)
@drawn
@given(value=CASES)
def test_value_that_was_copied_needs_no_copy_back(home: str, away: str, value: Value) -> None:
    """On the way back the source still holds what the target's value was made of: nothing is to be written."""
    source = begun(home, value)
    assume(source is not None)
    assert source is not None
    here, at_home, name = source
    copy = copied(here, ENGINES[away], at_home, ENGINES[away].begin((name,)))
    assume(all(each.is_explained for each in copy.differences))
    terms = Terms(source=copy.terms.target, target=copy.terms.source, key=b"k", returning=True)
    digests = Digests(source=copy.digests.target, target=copy.digests.source)
    for each in compare(copy.target, copy.source, terms, digests):
        assert each.is_explained, (each, copy.source, copy.target)

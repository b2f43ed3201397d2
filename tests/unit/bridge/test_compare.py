"""Comparisons of two instances, case by case; that a real copy shows no difference is in ``tests/conformance/test_moves``."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from adapters import camunda7, ibm_bpm
from gateway.bridge.compare import Digests, Ignored, Terms, compare
from gateway.bridge.contents import POINTERS
from gateway.model.difference import COMPARISON_RULES, READ_AS, Difference, Glimpse
from gateway.model.results import Scope, Variable
from gateway.model.values import ABSENT, NULL, Value
from gateway.port import Credentials, Engine
from tests.conformance.values import string, typed, whole


def camunda(**settings: Any) -> Engine:
    return camunda7.VENDOR.engine("hr", camunda7.VENDOR.settings(**settings), Credentials())


def ibm(**settings: Any) -> Engine:
    return ibm_bpm.VENDOR.engine("claims", ibm_bpm.VENDOR.settings(**settings), Credentials())


def terms(source: Engine, target: Engine, **more: Any) -> Terms:
    return Terms(source=source, target=target, key=b"of this report", **more)


def variable(value: Value, **more: Any) -> Variable:
    return Variable(name="v", value=value, **more)


def told(source: Value | None, target: Value | None, by: Terms, digests: Digests | None = None) -> Difference:
    """Return the difference of one variable."""
    left, right = (() if each is None else (variable(each),) for each in (source, target))
    (found,) = compare(left, right, by, digests)
    return found


TO_IBM = terms(camunda(), ibm(fractions="truncate", int64="string", binary="base64"))
TO_CAMUNDA = terms(ibm(), camunda(decimals="double"))
ALIKE = terms(camunda(), camunda())
NULL_VALUE = typed("null", "null")
DATE, DAY = '"2026-03-01T09:30:00.123Z"', '"2026-03-01T09:30:00Z"'
BLOB = typed("bytes", '"AAEC"')
FILE = typed("file", '"AAEC"', filename="a.bin")
CUSTOMER = typed("object", '{"a":1}', class_name="Customer")

CASES: dict[str, tuple[Terms, Value | None, Value | None, str, tuple[str, ...], tuple[str, ...]]] = {
    "text": (TO_IBM, string("x"), string("x"), "equal", (), ()),
    "date in another offset": (
        ALIKE, typed("date-time", DAY), typed("date-time", '"2026-03-01T10:30:00.000+01:00"'), "equal", (), (),
    ),
    "json in another order": (ALIKE, typed("json", '{"a":1,"b":2}'), typed("json", '{ "b": 2, "a": 1 }'), "equal", (), ()),
    "json with a number respelled": (
        ALIKE, typed("json", "[1.10]"), typed("json", "[1.1]"), "equal_by_rule", ("number-respelled",), (),
    ),
    "zero without its sign": (ALIKE, typed("number/double", "-0.0"), typed("number/double", "0.0"), "equal", (), ()),
    "double in another spelling": (ALIKE, typed("number/double", "1e2"), typed("number/double", "100.0"), "equal", (), ()),
    "short on an engine without": (TO_IBM, whole(5, "integer/int16"), whole(5), "equal_by_rule", ("read-as-int32",), ()),
    "short as an integer where types are stored": (
        ALIKE, whole(5, "integer/int16"), whole(5), "type_drift", (), ("/format",),
    ),
    "array on an engine with lists": (
        TO_IBM, typed("json", "[1]"), typed("list", "[1]"), "equal_by_rule", ("read-as-list",), (),
    ),
    "class that the engine has put": (
        TO_IBM, typed("json", '{"a":1}'), CUSTOMER, "equal_by_rule", ("read-as-object", "class-of-engine"), (),
    ),
    "class that was lost": (TO_IBM, CUSTOMER, typed("json", '{"a":1}'), "type_drift", (), ("/type", "/className")),
    "class that is another where it is stored": (
        ALIKE, CUSTOMER, msgspec.structs.replace(CUSTOMER, class_name="Other"), "type_drift", (), ("/className",),
    ),
    "date cut to seconds": (
        TO_IBM, typed("date-time", DATE), string("2026-03-01T09:30:00Z"), "equal_by_rule",
        ("date-truncated-to-seconds", "date-time-to-string"), (),
    ),
    "date cut to seconds where the target declares dates": (
        TO_IBM, typed("date-time", DATE), typed("date-time", DAY), "equal_by_rule", ("date-truncated-to-seconds",), (),
    ),
    "date of another second": (
        TO_IBM, typed("date-time", DATE), string("2026-03-01T09:30:01Z"), "value_drift", (), ("/value",),
    ),
    "long as text": (
        TO_IBM, whole(1 << 40, "integer/int64"), string(str(1 << 40)), "equal_by_rule", ("int64-to-string",), (),
    ),
    "long as another text": (
        TO_IBM, whole(1 << 40, "integer/int64"), string(str((1 << 40) + 1)), "value_drift", (), ("/value",),
    ),
    "decimal as the nearest double": (
        TO_CAMUNDA, typed("number/decimal", "0.1000000000000000000000000000001"), typed("number/double", "0.1"),
        "equal_by_rule", ("decimal-to-double",), (),
    ),
    "decimal as some other double": (
        TO_CAMUNDA, typed("number/decimal", "0.1000000000000000000000000000001"), typed("number/double", "0.2"),
        "value_drift", (), ("/value",),
    ),
    "number as a text": (TO_IBM, whole(5), string("5"), "type_drift", (), ("/type",)),
    "null for a value": (ALIKE, whole(5), typed("integer/int32", "null"), "value_drift", (), ("/value",)),
    "null without its type": (
        TO_IBM, typed("boolean", "null"), NULL_VALUE, "equal_by_rule", ("read-as-null",), (),
    ),
    "null that is unset": (TO_IBM, NULL_VALUE, None, "equal_by_rule", ("null-is-unset",), ()),
    "null that is missing where both are told apart": (ALIKE, NULL_VALUE, None, "missing_target", (), ()),
    "deleted by null": (TO_IBM, None, NULL_VALUE, "equal_by_rule", ("delete-set-null",), ()),
    "unset that is null": (TO_CAMUNDA, None, NULL_VALUE, "equal_by_rule", ("null-is-unset",), ()),
    "null nobody asked for": (ALIKE, None, NULL_VALUE, "extra_target", (), ()),
    "value nobody asked for": (TO_IBM, None, whole(1), "extra_target", (), ()),
    "value that is missing": (ALIKE, whole(1), None, "missing_target", (), ()),
    "value that the target cannot hold": (
        ALIKE, string("x" * 4001), None, "missing_target", ("value-too-long",), (),
    ),
    "value that an engine with declared names does not hold": (
        TO_IBM, typed("number/double", '"NaN"'), NULL_VALUE, "missing_target", ("value-not-representable",), (),
    ),
    "leaf that is another": (
        TO_IBM, typed("json", '{"a":[{"b/c":1},{"b/c":2}]}'), typed("json", '{"a":[{"b/c":1},{"b/c":3}]}'),
        "value_drift", (), ("/value/a/1/b~1c",),
    ),
    "leaf of another kind": (ALIKE, typed("json", '{"a":1}'), typed("json", '{"a":"1"}'), "value_drift", (), ("/value/a",)),
    "true is not one": (ALIKE, typed("json", "[true]"), typed("json", "[1]"), "value_drift", (), ("/value/0",)),
    "member more and member less": (
        ALIKE, typed("json", '{"a":1,"b":{}}'), typed("json", '{"b":{"c":1}}'), "value_drift", (), ("/value/a", "/value/b/c"),
    ),
    "list that is shorter": (ALIKE, typed("json", "[1,2,3]"), typed("json", "[1,2]"), "value_drift", (), ("/value/2",)),
    "list in another order": (
        ALIKE, typed("json", "[1,2]"), typed("json", "[2,1]"), "value_drift", (), ("/value/0", "/value/1"),
    ),
    "member that is null and unset": (
        TO_IBM, typed("json", '{"a":null,"b":1}'), typed("json", '{"b":1}'), "equal_by_rule", ("null-is-unset",), (),
    ),
    "member that is null and unset where both are told apart": (
        TO_CAMUNDA, typed("json", '{"a":null}'), typed("json", "{}"), "value_drift", (), ("/value/a",),
    ),
    "bytes": (ALIKE, BLOB, BLOB, "equal", (), ()),
    "other bytes": (ALIKE, BLOB, typed("bytes", '"AAED"'), "value_drift", (), ("/value",)),
    "bytes as base64": (TO_IBM, BLOB, string("AAEC"), "equal_by_rule", ("binary-to-base64",), ()),
    "bytes as other base64": (TO_IBM, BLOB, string("AAED"), "value_drift", (), ("/value",)),
    "bytes as no base64": (TO_IBM, BLOB, string("-"), "value_drift", (), ("/value",)),
    "file of another name": (
        ALIKE, FILE, msgspec.structs.replace(FILE, filename="b.bin"), "value_drift", (), ("/filename",),
    ),
    "file with the media type of a stream": (
        ALIKE, FILE, msgspec.structs.replace(FILE, media_type="application/octet-stream"), "equal_by_rule",
        ("media-type-default",), (),
    ),
    "file as bytes": (ALIKE, FILE, BLOB, "type_drift", (), ("/type",)),
    "text that nobody can write": (ALIKE, typed("opaque", '"rO0"'), typed("opaque", '"rO0"'), "equal", (), ()),
    "xml document in an object": (
        ALIKE, typed("object", '"<a/>"', class_name="A", serialization="application/xml"),
        typed("object", '"<b/>"', class_name="A", serialization="application/xml"), "value_drift", (), ("/value",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_difference_is_named_with_its_rules_or_places(
    case: tuple[Terms, Value | None, Value | None, str, tuple[str, ...], tuple[str, ...]],
) -> None:
    by, source, target, *wanted = case
    found = told(source, target, by)
    assert [found.outcome, found.rules, found.pointers] == wanted


def test_rules_of_a_comparison_are_all_documented() -> None:
    named = {rule for case in CASES.values() for rule in case[4] if not rule.startswith(READ_AS)}
    of_writes = {
        "date-truncated-to-seconds", "date-time-to-string", "int64-to-string", "decimal-to-double", "binary-to-base64",
        "value-too-long", "value-not-representable",
    }  # fmt: skip
    documented = {rule for rule in COMPARISON_RULES if not rule.startswith(READ_AS)}
    assert named - of_writes == documented - {"content-not-compared"}


def test_blob_without_content_is_compared_by_digest_then_size_then_not_at_all() -> None:
    listed = variable(Value(type="bytes", value=ABSENT), size=3)
    longer, unknown = msgspec.structs.replace(listed, size=4), msgspec.structs.replace(listed, size=None)
    one, other = (hashlib.sha256(each).digest() for each in (b"one", b"other"))

    def outcome(target: Variable, digest: bytes | None) -> tuple[str, tuple[str, ...]]:
        digests = Digests(source={"v": one}, target={} if digest is None else {"v": digest})
        (found,) = compare((listed,), (target,), ALIKE, digests)
        return found.outcome, found.rules

    assert outcome(longer, one) == ("equal", ())
    assert outcome(listed, other) == ("value_drift", ())
    assert outcome(longer, None) == ("value_drift", ())
    assert outcome(listed, None) == outcome(unknown, None) == ("equal_by_rule", ("content-not-compared",))


def test_content_that_came_inline_is_compared_with_a_digest() -> None:
    listed = Value(type="bytes", value=ABSENT)
    digest = hashlib.sha256(bytes((0, 1, 2))).digest()
    assert told(BLOB, listed, ALIKE, Digests(target={"v": digest})).outcome == "equal"
    assert told(listed, string("AAEC"), TO_IBM, Digests(source={"v": digest})).rules == ("binary-to-base64",)


@pytest.mark.parametrize("side", ["source", "target"])
def test_variable_that_cannot_be_read_is_unreadable_on_whichever_side(side: str) -> None:
    broken = variable(Value(type="json", value=ABSENT), error="The stored text is not JSON.")
    good = variable(typed("json", "{}"))
    left, right = (broken, good) if side == "source" else (good, broken)
    (found,) = compare((left,), (right,), ALIKE)
    assert (found.outcome, found.is_explained) == ("unreadable", False)
    assert getattr(found, side).digest is None


def test_variable_of_an_inner_scope_is_missing_because_no_scope_moves() -> None:
    scope = Scope(kind="execution", id="e1")
    own, local = variable(whole(1)), variable(whole(2), scope=scope)
    found = compare((own, local), (own,), ALIKE)
    assert [(each.outcome, each.scope, each.rules) for each in found] == [
        ("equal", None, ()),
        ("missing_target", scope, ("scope-not-movable",)),
    ]


def test_ignored_variables_count_again_once_that_has_expired() -> None:
    rules = (Ignored(names="audit*", rule="written-by-both", expires=100.0),)
    before, after = Variable(name="auditLog", value=whole(1)), Variable(name="auditLog", value=whole(2))
    (ignored,) = compare((before,), (after,), terms(camunda(), camunda(), ignored=rules, now=99.0))
    (due,) = compare((before,), (after,), terms(camunda(), camunda(), ignored=rules, now=100.0))
    assert (ignored.outcome, ignored.rules, ignored.expires) == ("ignored", ("written-by-both",), 100.0)
    assert ignored.is_explained
    assert due.outcome == "value_drift"


def test_only_the_first_places_are_named() -> None:
    many = typed("json", "[" + ",".join("1" * (POINTERS + 5)) + "]")
    other = typed("json", "[" + ",".join("2" * (POINTERS + 5)) + "]")
    assert told(many, other, ALIKE).pointers == tuple(f"/value/{at}" for at in range(POINTERS))


def test_what_the_source_would_have_become_explains_a_way_back_only() -> None:
    cut, fine = typed("date-time", DAY), typed("date-time", DATE)
    engine = ibm(fractions="truncate", types={"v": "date-time"})
    assert told(cut, fine, terms(engine, camunda())).outcome == "value_drift"
    back = told(cut, fine, terms(engine, camunda(), returning=True))
    assert (back.outcome, back.rules) == ("equal_by_rule", ("date-truncated-to-seconds",))
    assert told(whole(5), whole(6, "integer/int16"), terms(engine, camunda(), returning=True)).outcome == "value_drift"


def test_names_that_the_target_does_not_declare_say_why_they_are_missing() -> None:
    by = terms(camunda(), ibm(), declared={"other": None})
    assert told(whole(1), None, by).rules == ("variable-not-found",)


def test_every_variable_of_both_sides_is_told_once_and_by_name() -> None:
    source = [Variable(name=name, value=whole(1)) for name in ("b", "a", "c")]
    target = [Variable(name=name, value=whole(1)) for name in ("d", "c", "a")]
    found = compare(source, target, ALIKE)
    assert [(each.name, each.outcome) for each in found] == [
        ("a", "equal"), ("b", "missing_target"), ("c", "equal"), ("d", "extra_target"),
    ]  # fmt: skip


def test_difference_holds_no_value_but_types_sizes_and_keyed_digests() -> None:
    secret = typed("json", '{"iban":"DE02120300000000202051"}')
    changed = typed("json", '{"iban":"DE02500105170137075030"}')
    found = told(secret, changed, ALIKE)
    text = msgspec.json.encode(found)
    assert b"DE02" not in text
    assert hashlib.sha256(secret.text).hexdigest().encode() not in text
    assert found.source is not None
    assert (found.source.type, found.source.bytes) == ("json", len(secret.text))


def test_digests_are_equal_for_equal_values_of_one_report_and_for_no_others() -> None:
    def glimpses(source: Value, target: Value, key: bytes) -> tuple[Glimpse, Glimpse]:
        by = Terms(source=camunda(), target=ibm(), key=key)
        found = told(source, target, by)
        assert found.source is not None
        assert found.target is not None
        return found.source, found.target

    short, same_number = glimpses(whole(5, "integer/int16"), whole(5), b"one")
    assert short.digest == same_number.digest
    five, six = glimpses(whole(5), whole(6), b"one")
    assert five.digest == short.digest != six.digest
    again, _ = glimpses(whole(5), whole(6), b"two")
    assert again.digest != five.digest


def test_equal_values_are_told_without_digests() -> None:
    assert told(whole(1), whole(1), ALIKE) == Difference(name="v", outcome="equal")


def test_null_blob_is_not_a_blob_without_content() -> None:
    null = Value(type="bytes", value=NULL)
    assert told(null, null, ALIKE).outcome == "equal"
    assert told(BLOB, null, ALIKE).outcome == "value_drift"

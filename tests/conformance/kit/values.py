"""What every engine must do with values: hold them exactly, by a named rule, or refuse them unsent."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import (
    InvalidRequest,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    ValueTooLong,
    VarbridgeError,
)
from gateway.model import jsontext
from gateway.model.values import ABSENT, Value
from tests.conformance.kit.asking import both, can_hold, drawn, exactly, instance_of, refused_before_writing, unsent
from tests.conformance.subjects import NAMES, Subject
from tests.conformance.values import EXAMPLES, kept_name, raw, same, shown, string, trees, typed, values, whole


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "value"), [(kind, value) for kind, each in EXAMPLES.items() for value in each], ids=shown
    )
    def test_value_comes_back_or_is_refused(self, subject: Subject, kind: str, value: Value) -> None:
        name = kept_name(value, NAMES)
        with instance_of(subject, name) as instance:
            if kind not in subject.engine.capabilities.types:
                self._comes_back_by_rule_or_is_refused(subject, instance, name, value)
                return
            assert subject.patch(instance, {name: value}).rules == ()
            found = subject.read(instance, name)
            if found is None:  # an engine where null is unset
                assert value.is_null()
                return
            assert same(value, found, exactly=exactly(subject)), both(value, found)

    @staticmethod
    def _comes_back_by_rule_or_is_refused(subject: Subject, instance: str, name: str, value: Value) -> None:
        try:
            rules = subject.patch(instance, {name: value}).rules
        except VarbridgeError as refused:
            told = unsent(subject, refused) and [fault.pointer for fault in refused.errors]
        else:
            found = subject.read(instance, name)
            assert rules or (found is not None and same(value, found, exactly=exactly(subject))), both(value, found)
            return
        assert told == [f"/modifications/{name}"]

    @drawn
    @given(value=values)
    def test_any_value_comes_back_or_is_refused_or_names_its_rule(self, subject: Subject, value: Value) -> None:
        name = kept_name(value, NAMES)
        with instance_of(subject, name) as instance:
            try:
                rules = subject.patch(instance, {name: value}).rules
            except VarbridgeError as refused:
                if not unsent(subject, refused):
                    raise
                return
            assert {rule.name for rule in rules} <= {name}
            found = subject.read(instance, name)
            came_back = value.is_null() if found is None else same(value, found, exactly=exactly(subject))
            assert came_back or rules, both(value, found)

    @drawn
    @given(tree=st.dictionaries(st.text("abc", min_size=1, max_size=3), trees, max_size=3))
    def test_listing_and_reading_agree(self, subject: Subject, tree) -> None:
        wanted = {name: typed("json", jsontext.write({"v": each})) for name, each in tree.items()}
        with instance_of(subject, *wanted) as instance:
            with contextlib.suppress(ValueNotRepresentable, Unsupported, ValueInvalid):
                subject.patch(instance, wanted)
            for name, variable in subject.listed(instance).items():
                found = subject.read(instance, name)
                assert found is None or found == variable.value

    def test_blobs_are_listed_without_content(self, subject: Subject) -> None:
        blobs = [value for kind in ("bytes", "file") for value in EXAMPLES[kind][:1] if can_hold(subject, value)]
        if not blobs:
            pytest.skip("holds no blobs")
        wanted = {f"blob{number}": value for number, value in enumerate(blobs)}
        with instance_of(subject, *wanted) as instance:
            subject.patch(instance, wanted)
            listed = subject.listed(instance)
            assert {name: listed[name].value.value for name in wanted} == dict.fromkeys(wanted, ABSENT)
            assert [listed[name].value.type for name in wanted] == [value.type for value in blobs]

    REFUSED = [
        (typed("integer/int32", str(1 << 31)), ValueInvalid),
        (typed("integer/int16", "-32769"), ValueInvalid),
        (typed("integer/int64", str(1 << 63)), ValueInvalid),
        (typed("integer", "1.0"), ValueInvalid),
        (Value(value=raw("1" + "0" * 400)), ValueNotRepresentable),
        (typed("number/double", "1e400"), ValueNotRepresentable),
        (typed("number/decimal", '"NaN"'), ValueInvalid),
        (typed("number/double", '"nan"'), ValueInvalid),
        (typed("number", "1" * 1001), ValueInvalid),
        (typed("boolean", '"NaN"'), ValueInvalid),
        (typed("boolean", "1"), ValueInvalid),
        (typed("null", "1"), ValueInvalid),
        (typed("string", "1"), ValueInvalid),
        (typed("string", '"\\ud800"'), ValueInvalid),
        (typed("date-time", '"2026-02-30T00:00:00Z"'), ValueInvalid),
        (typed("date-time", '"2016-12-31T23:59:60Z"'), ValueInvalid),
        (typed("date-time", '"9999-12-31T23:59:59-00:01"'), ValueInvalid),
        (typed("date-time", '"2026-01-01"'), ValueInvalid),
        (typed("date-time", '"2026-01-01T00:00:00"'), ValueInvalid),
        (typed("date-time", '"0001-01-01T00:00:00+01:00"'), ValueInvalid),
        (typed("date-time", '"2026-01-01T00:00:00.1234567Z"'), ValueNotRepresentable),
        (typed("bytes", '"AAE"'), ValueInvalid),
        (typed("bytes", '"_-8="'), ValueInvalid),
        (typed("file", '"AAEC"'), ValueInvalid),
        (typed("list", "{}"), ValueInvalid),
        (typed("json", '{"a":1,"a":2}'), ValueInvalid),
        (typed("json", '{"a":"\\ud800"}'), ValueInvalid),
        (typed("json", "[" * 65 + "]" * 65), ValueInvalid),
        (typed("opaque", '"x"'), ValueInvalid),
        (typed("nonsense", "1"), InvalidRequest),
        (typed("string", '"x"', class_name="A"), InvalidRequest),
        (typed("number/int32", "1"), InvalidRequest),
        (Value(), InvalidRequest),
    ]

    @pytest.mark.parametrize(("value", "error"), REFUSED, ids=shown)
    def test_value_that_fits_nowhere_is_refused_and_nothing_else_of_its_patch_is_written(
        self, subject: Subject, value: Value, error: type[VarbridgeError]
    ) -> None:
        with instance_of(subject, "good", "bad") as instance:
            offered = value.type not in {"json", "list"} or can_hold(subject, value)
            expected = error if offered else (error, Unsupported)
            refusal = refused_before_writing(
                subject, instance, expected, modifications={"good": whole(1), "bad": value}
            )
            assert [fault.pointer for fault in refusal.errors] == ["/modifications/bad"]
            assert subject.read(instance, "good") in (None, typed("null", "null"))

    @pytest.mark.parametrize("offset", ["+01:00", "-00:00", "+23:59", "Z", "z"])
    def test_date_with_an_offset_is_the_same_instant_in_utc(self, subject: Subject, offset: str) -> None:
        value = typed("date-time", f'"2026-03-01T09:30:00{offset}"')
        name = NAMES["date-time"]
        with instance_of(subject, name) as instance:
            subject.patch(instance, {name: value})
            found = subject.read(instance, name)
            assert found is not None
            assert same(value, found, exactly=True)
            assert found.text.endswith(b'.000Z"')

    @pytest.mark.parametrize("unit", ["x", "😀"])
    def test_string_at_the_limit_is_taken_and_beyond_it_refused(self, subject: Subject, unit: str) -> None:
        limit = subject.engine.capabilities.limits.string_length
        if limit is None:
            pytest.skip("no limit known")
        longest = string(unit * (limit // (2 if unit == "😀" else 1)))
        longer = string("y" + msgspec.json.decode(longest.text))
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": longest})
            found = subject.read(instance, "v")
            assert found is not None
            assert same(longest, found, exactly=True)
            refused_before_writing(subject, instance, ValueTooLong, modifications={"v": longer})

    def test_transient_is_taken_or_refused(self, subject: Subject) -> None:
        value = msgspec.structs.replace(whole(1), transient=True)
        with instance_of(subject, "v") as instance:
            if subject.has("variables.transient"):
                subject.patch(instance, {"v": value})
                assert subject.read(instance, "v") is None
            else:
                refused_before_writing(subject, instance, Unsupported, modifications={"v": value})


class TestMerges:
    STORED = typed("json", '{"keep":1.10,"drop":1,"deep":{"x":"1","y":[1,{"z":null}]}}')

    def test_untouched_members_survive(self, subject: Subject) -> None:
        self._needs(subject)
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": self.STORED})
            subject.patch(instance, merges={"v": raw('{"drop":null,"deep":{"x":"2"},"new":true}')})
            found = subject.read(instance, "v")
            wanted = typed("json", '{"keep":1.10,"deep":{"x":"2","y":[1,{"z":null}]},"new":true}')
            assert found is not None
            assert same(wanted, found, exactly=False)

    def test_merging_into_nothing_makes_the_object(self, subject: Subject) -> None:
        self._needs(subject)
        with instance_of(subject, "v") as instance:
            subject.patch(instance, merges={"v": raw('{"a":{"b":null,"c":1}}')})
            found = subject.read(instance, "v")
            assert found is not None
            assert same(typed("json", '{"a":{"c":1}}'), found, exactly=False)

    def test_merging_into_a_primitive_replaces_it(self, subject: Subject) -> None:
        self._needs(subject)
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": string("text")})
            subject.patch(instance, merges={"v": raw('{"a":1}')})
            found = subject.read(instance, "v")
            assert found is not None
            assert same(typed("json", '{"a":1}'), found, exactly=False)

    @staticmethod
    def _needs(subject: Subject) -> None:
        if not subject.has("variables.merge") or "json" not in subject.engine.capabilities.types:
            pytest.skip("merges no JSON")

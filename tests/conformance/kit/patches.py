"""What every engine must do with names and sets of changes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import (
    Unsupported,
    ValueInvalid,
    ValueTooLong,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model.results import Rule
from gateway.model.values import Value
from tests.conformance.kit.asking import drawn, exactly, instance_of, refused_before_writing
from tests.conformance.subjects import Subject
from tests.conformance.values import raw, same, string, typed, whole

STAYING = string("untouched")
ODD_NAMES = [
    ".", "..", "a/b", "/", "\\", "a;b", ";", "%2F", "%2e%2e", "%", "+", "a b", " ", '"', "'", "?", "#", "&a=b", "*",
    "{}", "$x", "ä", "😀", "\t", "\n", "\x01", "\x7f", "items", "data", "variables", "deletions", "n" * 255,
]  # fmt: skip


class TestNames:
    @pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name)[:12])
    def test_odd_name_touches_only_itself(self, subject: Subject, name: str) -> None:
        with instance_of(subject, name, "staying") as instance:
            subject.patch(instance, {"staying": STAYING})
            subject.patch(instance, {name: whole(5)})
            assert subject.read(instance, name) == whole(5)
            assert subject.listed(instance, (name,))[name].value == whole(5)
            self._delete(subject, instance, name)
            assert subject.lives(instance)
            assert subject.read(instance, "staying") == STAYING

    @staticmethod
    def _delete(subject: Subject, instance: str, name: str) -> None:
        if subject.has("variables.delete"):
            assert subject.patch(instance, deletions=(name,)).rules == ()
            assert subject.read(instance, name) is None
        elif subject.has("variables.delete_by_null"):
            assert subject.patch(instance, deletions=(name,)).rules == (Rule("delete-set-null", name),)
            assert (subject.read(instance, name) or typed("null", "null")).is_null()
        else:
            error = refused_before_writing(subject, instance, Unsupported, deletions=(name,))
            assert [fault.pointer for fault in error.errors] == ["/deletions/0"]

    def test_name_beyond_the_limit_is_refused(self, subject: Subject) -> None:
        name = "n" * (subject.engine.capabilities.limits.name_length + 1)
        with instance_of(subject, "v") as instance:
            refused_before_writing(subject, instance, ValueTooLong, modifications={name: whole(1)})
            refused_before_writing(subject, instance, ValueTooLong, merges={name: raw("{}")})
            refused_before_writing(subject, instance, (ValueTooLong, Unsupported), deletions=(name,))

    @drawn
    @given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12))
    def test_any_name_is_set_and_read(self, subject: Subject, name: str) -> None:
        with instance_of(subject, name) as instance:
            subject.patch(instance, {name: whole(7)})
            assert subject.read(instance, name) == whole(7)
            assert subject.listed(instance)[name].value == whole(7)


class TestPatches:
    def test_empty_patch_changes_nothing(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            assert subject.patch(instance).rules == ()
            assert subject.read(instance, "v") == whole(1)

    def test_updates_precede_deletions(self, subject: Subject) -> None:
        with instance_of(subject, "x", "y") as instance:
            if not self._deletes(subject):
                pytest.skip("deletes nothing")
            subject.patch(instance, {"x": whole(1), "y": whole(2)}, deletions=("x",))
            assert (subject.read(instance, "x") or typed("null", "null")).is_null()
            assert subject.read(instance, "y") == whole(2)

    def test_deleting_what_is_unset_is_no_error(self, subject: Subject) -> None:
        with instance_of(subject, "x") as instance:
            if not self._deletes(subject):
                pytest.skip("deletes nothing")
            subject.patch(instance, deletions=("x", "x"))

    def test_name_that_does_not_exist_is_created_or_not_found(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            if subject.has("variables.create"):
                subject.patch(instance, {"new": whole(1)}, deletions=("never-there",))
                assert subject.read(instance, "new") == whole(1)
                return
            with pytest.raises(VariableNotFound) as caught:
                subject.patch(instance, {"v": whole(1), "new": whole(1)})
            self._says_what_was_applied(subject, instance, caught.value)

    @staticmethod
    def _says_what_was_applied(subject: Subject, instance: str, error: VarbridgeError) -> None:
        applied = ("v",) if subject.read(instance, "v") == whole(1) else ()
        assert (error.applied, error.outcome) == (applied, "partial" if applied else "not_applied")
        assert [fault.pointer for fault in error.errors] == ["/modifications/new"]

    @staticmethod
    def _deletes(subject: Subject) -> bool:
        return subject.has("variables.delete") or subject.has("variables.delete_by_null")

    def test_many_variables_cost_no_more_calls_than_one(self, subject: Subject) -> None:
        many = {f"v{number}": whole(number) for number in range(200)}
        with instance_of(subject, *many) as instance:
            subject.patch(instance, many)
            assert len(subject.sent) <= subject.patch_calls
            assert sum(request.writes for request in subject.sent) == 1
            assert {name: each.value for name, each in subject.listed(instance).items()} == many

    def test_writes_are_marked_and_reads_are_not(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            assert subject.wrote
            for _ in (subject.listed(instance), subject.read(instance, "v"), subject.lives(instance)):
                pass
            assert not subject.wrote

    @pytest.mark.parametrize("stored", ["integer/int16", "integer/int64", "number/double", "string"])
    def test_untyped_value_keeps_the_stored_type(self, subject: Subject, stored: str) -> None:
        value = typed(stored, '"6"' if stored == "string" else "6")
        untyped = Value(value=raw(value.text.replace(b"6", b"7")))
        with instance_of(subject, "v") as instance:
            if not exactly(subject) or not getattr(subject.engine.settings, "keep_type", True):
                pytest.skip("keeps no types")
            subject.patch(instance, {"v": value})
            subject.patch(instance, {"v": untyped})
            found = subject.read(instance, "v")
            assert found is not None
            assert (found.type, found.format) == (value.type, value.format)
            assert same(msgspec.structs.replace(value, value=untyped.value), found, exactly=True)

    def test_untyped_value_that_does_not_fit_the_stored_type_is_inferred(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            subject.patch(instance, {"v": Value(value=raw('"text"'))})
            assert subject.read(instance, "v") == string("text")

    def test_patch_after_a_refusal_works(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            refused_before_writing(subject, instance, ValueInvalid, modifications={"v": typed("boolean", "1")})
            subject.patch(instance, {"v": whole(1)})
            assert subject.read(instance, "v") == whole(1)

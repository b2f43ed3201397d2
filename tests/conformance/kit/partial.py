"""What every engine must do with values changed in parts, and with writes that expect something."""

from __future__ import annotations

import json

import msgspec
import pytest

from gateway.errors import (
    PayloadTooLarge,
    PreconditionFailed,
    Unsupported,
    ValueInvalid,
    VariableNotFound,
)
from gateway.model import etag, jsonpatch
from gateway.model.etag import Tags
from gateway.model.expect import Expect
from gateway.model.jsonpatch import Bounds
from gateway.model.results import Variable
from gateway.model.values import Value
from tests.conformance.kit.asking import instance_of, refused_before_writing
from tests.conformance.subjects import Subject
from tests.conformance.values import raw, same, string, typed, whole

STORED = '{"z":1.10,"list":[{"a":1},{"b":12345678901234567890.10},[]],"deep":{"x":"1","y":null},"a~/b":true}'


def operations(*listed: object) -> tuple[jsonpatch.PatchOperation, ...]:
    return jsonpatch.parse_patch(json.dumps(listed).encode(), max_operations=10_000)


def needs_json(subject: Subject, feature: str) -> None:
    if not subject.has(feature) or "json" not in subject.engine.capabilities.types:
        pytest.skip("changes no JSON in parts")


class TestJsonPatches:
    def test_all_operations_leave_the_rest_as_it_was(self, subject: Subject) -> None:
        needs_json(subject, "variables.json_patch")
        patch = operations(
            {"op": "test", "path": "/list/1/b", "value": 0},
            {"op": "replace", "path": "/deep/x", "value": {"new": [1]}},
            {"op": "add", "path": "/list/-", "value": "last"},
            {"op": "add", "path": "/list/0", "value": None},
            {"op": "remove", "path": "/list/1/a"},
            {"op": "copy", "from": "/z", "path": "/deep/z"},
            {"op": "move", "from": "/a~0~1b", "path": "/moved"},
        )[1:]
        wanted = (
            '{"z":1.10,"list":[null,{},{"b":12345678901234567890.10},[],"last"],'
            '"deep":{"x":{"new":[1]},"y":null,"z":1.10},"moved":true}'
        )
        with instance_of(subject, "v", "staying") as instance:
            subject.patch(instance, {"v": typed("json", STORED), "staying": string("untouched")})
            before = subject.read(instance, "v")
            subject.patch(instance, patches={"v": patch})
            assert sum(request.writes for request in subject.sent) == 1
            assert len(subject.sent) == 2
            found = subject.read(instance, "v")
            assert before is not None
            assert found is not None
            assert (found.type, found.format) == (before.type, before.format)
            assert found.text == wanted.encode()
            assert subject.read(instance, "staying") == string("untouched")

    @pytest.mark.parametrize(
        ("error", "pointer", "operation"),
        [
            (PreconditionFailed, "/1", {"op": "test", "path": "/z", "value": 1.2}),
            (PreconditionFailed, "/1", {"op": "test", "path": "/deep", "value": {"x": "1"}}),
            (PreconditionFailed, "/1", {"op": "test", "path": "/nope", "value": 1}),
            (PreconditionFailed, "/1", {"op": "test", "path": "/list/7/b", "value": 1}),
            (ValueInvalid, "/1/path", {"op": "remove", "path": "/z/0"}),
            (ValueInvalid, "/1/path", {"op": "replace", "path": "/list/3", "value": 1}),
            (ValueInvalid, "/1/path", {"op": "replace", "path": "/list/-", "value": 1}),
            (ValueInvalid, "/1/path", {"op": "add", "path": "/list/01", "value": 1}),
            (ValueInvalid, "/1/path", {"op": "add", "path": "/list/4", "value": 1}),
            (ValueInvalid, "/1/from", {"op": "copy", "from": "/nope", "path": "/x"}),
            (ValueInvalid, "/1/path", {"op": "move", "from": "/deep", "path": "/deep/x/y"}),
            (ValueInvalid, "/1/path", {"op": "remove", "path": ""}),
        ],
    )
    def test_operation_that_fails_writes_nothing(self, subject: Subject, error, pointer, operation) -> None:
        needs_json(subject, "variables.json_patch")
        patch = operations({"op": "add", "path": "/new", "value": 1}, operation)
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": typed("json", STORED)})
            caught = refused_before_writing(subject, instance, error, patches={"v": patch})
            assert [fault.pointer for fault in caught.errors] == [pointer]

    def test_whole_document_of_any_value_is_tested_and_replaced(self, subject: Subject) -> None:
        if not subject.has("variables.json_patch"):
            pytest.skip("changes nothing in parts")
        patch = operations({"op": "test", "path": "", "value": 5.0}, {"op": "replace", "path": "", "value": 6})
        with instance_of(subject, "v", "w") as instance:
            subject.patch(instance, {"v": whole(5), "w": string("x")})
            subject.patch(instance, patches={"v": patch})
            assert subject.read(instance, "v") == whole(6)
            refused_before_writing(subject, instance, PreconditionFailed, patches={"w": patch})
            into = operations({"op": "add", "path": "/a", "value": 1})
            refused_before_writing(subject, instance, ValueInvalid, patches={"w": into})

    def test_absent_variable_is_not_found(self, subject: Subject) -> None:
        if not subject.has("variables.json_patch"):
            pytest.skip("changes nothing in parts")
        with instance_of(subject, "v") as instance, pytest.raises(VariableNotFound):
            subject.patch(instance, patches={"never-there": operations({"op": "add", "path": "", "value": 1})})

    def test_result_beyond_the_bounds_is_refused(self, subject: Subject) -> None:
        needs_json(subject, "variables.json_patch")
        doubling = operations(*({"op": "copy", "from": "", "path": f"/{number}"} for number in range(40)))
        deeper = operations(*({"op": "add", "path": "/more" * level, "value": {}} for level in range(1, 70)))
        merge = raw(json.dumps({"x": "y" * 200}))
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": typed("json", STORED)})
            small = Bounds(max_bytes=5000)
            for patch in (doubling, deeper):
                refused_before_writing(subject, instance, PayloadTooLarge, patches={"v": patch}, bounds=small)
            bounds = Bounds(max_bytes=200)
            refused_before_writing(subject, instance, PayloadTooLarge, merges={"v": merge}, bounds=bounds)


class TestExpectations:
    def test_write_happens_only_where_the_variable_is_as_expected(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            first = self._tag(subject, instance)
            subject.patch(instance, {"v": whole(2)}, expect=self._of(first, 'W/"x"', '"other"'))
            assert len(subject.sent) <= 2
            caught = refused_before_writing(
                subject, instance, PreconditionFailed, modifications={"v": whole(3)}, expect=self._of(first)
            )
            assert caught.headers == (("ETag", self._tag(subject, instance)),)
            assert subject.read(instance, "v") == whole(2)

    def test_weak_tag_never_matches(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            weak = self._of("W/" + self._tag(subject, instance))
            refused_before_writing(subject, instance, PreconditionFailed, modifications={"v": whole(3)}, expect=weak)

    def test_deletion_expects_too(self, subject: Subject) -> None:
        if not subject.has("variables.delete") and not subject.has("variables.delete_by_null"):
            pytest.skip("deletes nothing")
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            refused_before_writing(subject, instance, PreconditionFailed, deletions=("v",), expect=self._of('"x"'))
            subject.patch(instance, deletions=("v",), expect=self._of(self._tag(subject, instance)))
            assert (subject.read(instance, "v") or typed("null", "null")).is_null()

    def test_anything_and_nothing(self, subject: Subject) -> None:
        anything, nothing = (
            Expect(name="v", matching=Tags(anything=True)),
            Expect(name="v", none_matching=Tags((), True)),
        )
        with instance_of(subject, "v") as instance:
            if "v" in subject.listed(instance):
                pytest.skip("shows what is unset")
            refused_before_writing(
                subject, instance, PreconditionFailed, modifications={"v": whole(1)}, expect=anything
            )
            subject.patch(instance, {"v": whole(1)}, expect=nothing)
            refused_before_writing(subject, instance, PreconditionFailed, modifications={"v": whole(2)}, expect=nothing)
            subject.patch(instance, {"v": whole(2)}, expect=anything)
            assert subject.read(instance, "v") == whole(2)

    def test_set_is_expected_as_a_whole_or_by_selection(self, subject: Subject) -> None:
        with instance_of(subject, "a", "b", "c") as instance:
            subject.patch(instance, {"a": whole(1), "b": whole(2), "c": whole(3)})
            view = Expect().view
            everything = view.tag_of(subject.listed(instance).values())
            pair = view.tag_of(subject.listed(instance, ("a", "b")).values())
            whole_set = Expect(matching=Tags((everything,)))
            of_pair = Expect(matching=Tags((pair,)), selections=(("a", "b"),))
            subject.patch(instance, {"c": whole(4)}, expect=of_pair)
            refused = refused_before_writing(
                subject, instance, PreconditionFailed, modifications={"c": whole(5)}, expect=whole_set
            )
            assert refused.headers == (("ETag", view.tag_of(subject.listed(instance).values())),)
            either = Expect(matching=Tags((pair,)), selections=(None, ("b", "a")))
            subject.patch(instance, {"a": whole(9)}, expect=either)
            assert subject.read(instance, "a") == whole(9)

    def test_tag_is_the_same_in_list_and_single_read(self, subject: Subject) -> None:
        values = {"n": whole(5), "s": string("ä\n")}
        if "json" in subject.engine.capabilities.types:
            values["j"] = typed("json", STORED)
        with instance_of(subject, *values) as instance:
            subject.patch(instance, values)
            listed = {name: etag.variable_tag(each) for name, each in subject.listed(instance).items()}
            for name in values:
                found = subject.read(instance, name)
                assert found is not None
                assert etag.variable_tag(Variable(name=name, value=found)) == listed[name]
                assert not etag.is_weak(listed[name])

    def test_transient_value_expects_nothing(self, subject: Subject) -> None:
        value = msgspec.structs.replace(whole(1), transient=True)
        with instance_of(subject, "v") as instance:
            refused_before_writing(subject, instance, Unsupported, modifications={"v": value}, expect=Expect(name="v"))

    def test_patch_that_expects_merges_with_one_read(self, subject: Subject) -> None:
        needs_json(subject, "variables.merge")
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": typed("json", '{"a":1}')})
            subject.patch(instance, merges={"v": raw('{"b":2}')}, expect=self._of(self._tag(subject, instance)))
            assert len(subject.sent) == 2
            found = subject.read(instance, "v")
            assert found is not None
            assert same(typed("json", '{"a":1,"b":2}'), found, exactly=False)

    @staticmethod
    def _tag(subject: Subject, instance: str) -> str:
        return etag.variable_tag(subject.listed(instance, ("v",))["v"])

    @staticmethod
    def _of(*tags: str) -> Expect:
        return Expect(name="v", matching=Tags(tags))


class TestVerification:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("v", whole(1)), ("v", string("x")), ("moment", typed("date-time", '"2026-03-01T10:30:00+01:00"'))],
    )
    def test_write_that_holds_costs_one_read(self, subject: Subject, name: str, value: Value) -> None:
        with instance_of(subject, name) as instance:
            subject.patch(instance, {name: value}, verify=True)
            assert [request.writes for request in subject.sent][-2:] == [True, False]
            assert len(subject.sent) == subject.patch_calls + 1

    def test_deletion_that_holds_is_no_error(self, subject: Subject) -> None:
        if not subject.has("variables.delete") and not subject.has("variables.delete_by_null"):
            pytest.skip("deletes nothing")
        with instance_of(subject, "v", "w") as instance:
            subject.patch(instance, {"v": whole(1), "w": whole(2)}, deletions=("v",), verify=True)
            assert subject.read(instance, "w") == whole(2)

    def test_transient_value_cannot_be_verified(self, subject: Subject) -> None:
        value = msgspec.structs.replace(whole(1), transient=True)
        with instance_of(subject, "v") as instance:
            refused_before_writing(subject, instance, Unsupported, modifications={"v": value}, verify=True)

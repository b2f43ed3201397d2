"""What every engine must answer: what it can, what is there, what is not."""

from __future__ import annotations

import msgspec
import pytest

from gateway.errors import (
    InstanceNotFound,
    InvalidRequest,
    PreconditionFailed,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    VariableNotFound,
)
from gateway.model.commands import (
    DescribeEngine,
    DescribeInstance,
    FindInstances,
    GetVariable,
    ListVariables,
    PatchVariables,
    ReadBinary,
    WriteBinary,
)
from gateway.model.etag import Tags
from gateway.model.expect import Expect, View
from gateway.model.values import Value
from gateway.port import FEATURES
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import DEFINITION, Subject
from tests.conformance.values import EXAMPLES, raw, whole


class TestCapabilities:
    def test_features_are_known_ones(self, subject: Subject) -> None:
        assert subject.engine.capabilities.features <= FEATURES.keys()

    def test_types_have_examples_in_the_kit(self, subject: Subject) -> None:
        assert subject.engine.capabilities.types <= EXAMPLES.keys()

    def test_engine_described_costs_one_read(self, subject: Subject) -> None:
        assert subject.ask("describe_engine", DescribeEngine()).version
        assert [request.writes for request in subject.sent] == [False]

    @pytest.mark.parametrize(
        ("feature", "operation", "command"),
        [
            ("binary.read", "read_binary", ReadBinary(instance="1", name="v")),
            ("binary.write", "write_binary", WriteBinary(instance="1", name="v", content=b"")),
        ],
    )
    def test_operation_not_offered_is_refused_unsent(self, subject: Subject, feature, operation, command) -> None:
        if subject.has(feature):
            pytest.skip("offered")
        with pytest.raises(Unsupported):
            subject.ask(operation, command)
        assert subject.sent == []


class TestReads:
    def test_listing_gives_the_named_only_and_leaves_out_what_is_not_there(self, subject: Subject) -> None:
        with instance_of(subject, "a", "b", "c") as instance:
            subject.patch(instance, {"a": whole(1), "b": whole(2), "c": whole(3)})
            assert {n: v.value for n, v in subject.listed(instance).items()} == {
                "a": whole(1), "b": whole(2), "c": whole(3),
            }  # fmt: skip
            assert set(subject.listed(instance, ("b", "nope", "a"))) == {"a", "b"}
            assert set(subject.listed(instance, ("b",))) == {"b"}
            assert subject.listed(instance, ()) == {}

    def test_new_instance_has_no_values(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            assert all(each.value.is_null() for each in subject.listed(instance).values())

    def test_scope_of_all_has_the_instances_own(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            found = subject.ask("list_variables", ListVariables(instance=instance, scope="all")).variables
            assert [(each.name, each.value, each.scope) for each in found] == [("v", whole(1), None)]

    @pytest.mark.parametrize("scope", ["", "nonsense", "execution:", "task", "instance:1", "all:1"])
    def test_scope_that_is_none_is_refused_unsent(self, subject: Subject, scope: str) -> None:
        for command in (ListVariables(instance="1", scope=scope), GetVariable(instance="1", name="v", scope=scope)):
            operation = "list_variables" if isinstance(command, ListVariables) else "get_variable"
            with pytest.raises((InvalidRequest, Unsupported)):
                subject.ask(operation, command)
            assert subject.sent == []


class TestMissing:
    COMMANDS = [
        ("describe_instance", DescribeInstance(instance="?")),
        ("list_variables", ListVariables(instance="?")),
        ("list_variables", ListVariables(instance="?", names=("v",))),
        ("get_variable", GetVariable(instance="?", name="v")),
        ("get_variable", GetVariable(instance="?", name="a/b")),
        ("patch_variables", PatchVariables(instance="?", modifications={"v": whole(1)})),
        ("patch_variables", PatchVariables(instance="?", modifications={"v": Value(value=raw("1"))})),
        ("patch_variables", PatchVariables(instance="?", deletions=("v",))),
        ("patch_variables", PatchVariables(instance="?", merges={"v": raw("{}")})),
        ("patch_variables", PatchVariables(instance="?")),
        ("read_binary", ReadBinary(instance="?", name="v")),
        ("write_binary", WriteBinary(instance="?", name="v", content=b"x")),
    ]

    @pytest.mark.parametrize(("operation", "command"), COMMANDS, ids=lambda v: str(v)[:40])
    @pytest.mark.parametrize("ended", [False, True])
    def test_missing_instance_is_told_as_such(self, subject: Subject, operation: str, command, ended: bool) -> None:
        instance = subject.missing
        if ended:
            instance = subject.begin(("v",))
            subject.end(instance)
        writes = operation in {"patch_variables", "write_binary"}
        expected = subject.ended if ended and writes else InstanceNotFound
        with pytest.raises((expected, Unsupported)) as caught:
            subject.ask(operation, msgspec.structs.replace(command, instance=instance))
        assert caught.value.outcome == "not_applied"
        if caught.type is Unsupported:
            assert subject.sent == []

    def test_missing_variable_is_told_as_such(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            for name in ("nope", "a/b", "..", ""):
                with pytest.raises(VariableNotFound):
                    subject.ask("get_variable", GetVariable(instance=instance, name=name))


class TestInstances:
    def test_instance_described(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            found = subject.ask("describe_instance", DescribeInstance(instance=instance)).instance
            assert (found.id, found.definition, found.state) == (instance, DEFINITION, "active")
            assert subject.engine.native_id(instance) == instance

    def test_found_by_definition_name_and_id(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            own = subject.ask("describe_instance", DescribeInstance(instance=instance)).instance
            for definition in (own.definition, own.definition_id):
                command = FindInstances(definition=definition, limit=10_000)
                found = subject.ask("find_instances", command).instances
                assert instance in [each.id for each in found]

    def test_pages_of_found_instances_are_disjoint_and_complete(self, subject: Subject) -> None:
        started = {subject.begin() for _ in range(5)}
        try:
            seen: list[str] = []
            for offset in range(0, 10_000, 2):
                command = FindInstances(definition=DEFINITION, limit=2, offset=offset)
                page = [each.id for each in subject.ask("find_instances", command).instances]
                seen += page
                if len(page) < 2:
                    break
            assert len(set(seen)) == len(seen)
            assert started <= set(seen)
        finally:
            for instance in started:
                subject.end(instance)

    def test_found_by_business_key_or_refused(self, subject: Subject) -> None:
        command = FindInstances(business_key="kit-1")
        if not subject.has("instances.find.business_key"):
            with pytest.raises(Unsupported):
                subject.ask("find_instances", command)
            assert subject.sent == []
            return
        instance = subject.begin((), business_key="kit-1")
        try:
            found = subject.ask("find_instances", command).instances
            assert [(each.id, each.business_key) for each in found] == [(instance, "kit-1")]
        finally:
            subject.end(instance)

    def test_ended_instance_is_found_only_where_ended_ones_count(self, subject: Subject) -> None:
        if not subject.has("instances.ended"):
            pytest.skip("ended ones are gone")
        instance = subject.begin()
        subject.end(instance)
        for ended in (False, True):
            command = FindInstances(definition=DEFINITION, ended=ended, limit=10_000)
            found = {each.id: each.state for each in subject.ask("find_instances", command).instances}
            assert found.get(instance) == ("terminated" if ended else None)
            assert len({request.writes for request in subject.sent} | {False}) == 1


class TestBinary:
    @pytest.mark.parametrize(
        "filename",
        [
            None,
            "a.bin",
            "semi;colon.txt",
            "€😀.pdf",
            "a\\b",
            "end\\",
            " padded ",
            "%22",
            "a'b",
            "a=b",
            "",
            "\t",
            'ä "b".txt',
            "a\r\nb",
        ],
    )
    @pytest.mark.parametrize("content", [b"", b"\x00\r\n--boundary\xff"])
    def test_content_comes_back(self, subject: Subject, filename: str | None, content: bytes) -> None:
        if not subject.has("binary.write"):
            pytest.skip("not offered")
        with instance_of(subject, "v") as instance:
            command = WriteBinary(instance=instance, name="v", content=content, filename=filename)
            try:
                subject.ask("write_binary", command)
            except ValueNotRepresentable:
                assert subject.sent == []
                return
            found = subject.ask("read_binary", ReadBinary(instance=instance, name="v"))
            assert found.content == content
            value = subject.read(instance, "v")
            assert value is not None
            assert (value.type, value.filename) == ("bytes" if filename is None else "file", filename)

    def test_content_is_written_only_where_what_is_there_is_as_expected(self, subject: Subject) -> None:
        if not subject.has("binary.write"):
            pytest.skip("not offered")
        with instance_of(subject, "v") as instance:
            command = WriteBinary(instance=instance, name="v", content=b"first", filename="a")
            absent = Expect(name="v", none_matching=Tags(anything=True))
            subject.ask("write_binary", msgspec.structs.replace(command, expect=absent))
            assert len(subject.sent) <= 3
            found = subject.ask("get_variable", GetVariable(instance=instance, name="v")).variable
            tag = View().tag(found, strong_binary=True)
            assert tag is not None
            same = Expect(name="v", matching=Tags((tag,)), strong_binary=True)
            second = msgspec.structs.replace(command, content=b"second")
            subject.ask("write_binary", msgspec.structs.replace(second, expect=same))
            weak = msgspec.structs.replace(same, strong_binary=False)
            for expect, why in ((absent, "must not"), (same, "not what"), (weak, "weak tag")):
                with pytest.raises(PreconditionFailed, match=why) as caught:
                    subject.ask("write_binary", msgspec.structs.replace(command, expect=expect))
                assert (caught.value.outcome, subject.wrote) == ("not_applied", False)
            assert subject.ask("read_binary", ReadBinary(instance=instance, name="v")).content == b"second"
            with pytest.raises(InstanceNotFound):
                subject.ask("write_binary", msgspec.structs.replace(command, instance=subject.missing, expect=same))

    def test_content_of_what_is_no_blob_is_refused(self, subject: Subject) -> None:
        if not subject.has("binary.read"):
            pytest.skip("not offered")
        with instance_of(subject, "v") as instance:
            subject.patch(instance, {"v": whole(1)})
            with pytest.raises(ValueInvalid):
                subject.ask("read_binary", ReadBinary(instance=instance, name="v"))
            with pytest.raises(VariableNotFound):
                subject.ask("read_binary", ReadBinary(instance=instance, name="nope"))

    def test_name_that_no_path_carries_is_written_or_refused_unsent(self, subject: Subject) -> None:
        with instance_of(subject, "staying") as instance:
            for name in ("..", "a/b", "."):
                with pytest.raises(Unsupported):
                    subject.ask("write_binary", WriteBinary(instance=instance, name=name, content=b"x"))
                assert subject.sent == []
            assert subject.lives(instance)

"""What every engine must do with scopes inside an instance, and with instances that have ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import pytest

from gateway.errors import (
    InstanceNotFound,
    InvalidRequest,
    PreconditionFailed,
    ScopeNotFound,
    Unsupported,
    VariableNotFound,
)
from gateway.model.commands import DescribeInstance, GetVariable, ListVariables, PatchVariables, ReadBinary, WriteBinary
from gateway.model.etag import Tags
from gateway.model.expect import Expect, View
from gateway.model.modification import Instruction, ModifyInstance
from gateway.model.results import Instance, Scope
from gateway.model.values import Value
from tests.conformance.kit.asking import exactly, instance_of
from tests.conformance.subjects import DEFINITION, Subject
from tests.conformance.values import raw, string, typed, whole

OPERATIONS = [
    ("list_variables", ListVariables(instance="?")),
    ("get_variable", GetVariable(instance="?", name="v")),
    ("patch_variables", PatchVariables(instance="?", modifications={"v": whole(1)})),
    ("patch_variables", PatchVariables(instance="?", modifications={"v": Value(value=raw("1"))})),
    ("patch_variables", PatchVariables(instance="?", deletions=("v",))),
    ("patch_variables", PatchVariables(instance="?", merges={"v": raw("{}")})),
    ("read_binary", ReadBinary(instance="?", name="v")),
    ("write_binary", WriteBinary(instance="?", name="v", content=b"x")),
]


@contextlib.contextmanager
def nested(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """An instance with an execution and a task inside, and the two scopes."""
    if not subject.has("variables.scopes") or subject.nested is None:
        pytest.skip("has no scopes")
    instance, execution, task = subject.nested()
    try:
        yield instance, execution, task
    finally:
        if subject.lives(instance):
            subject.end(instance)


class TestScopes:
    @pytest.mark.parametrize("kind", [0, 1], ids=["execution", "task"])
    def test_variable_of_a_scope_is_set_read_and_deleted_there_and_nowhere_else(
        self, subject: Subject, kind: int
    ) -> None:
        with nested(subject) as (instance, *scopes):
            scope, other = scopes[kind], scopes[1 - kind]
            subject.patch(instance, {"v": string("root")})
            subject.patch(instance, {"v": whole(1), "w": whole(2)}, scope=scope)
            own = Scope(kind=scope.partition(":")[0], id=scope.partition(":")[2])
            listed = subject.listed(instance, ("v", "w"), scope=scope)
            found = {
                name: (each.value, each.scope and (each.scope.kind, each.scope.id)) for name, each in listed.items()
            }
            assert found == {"v": (whole(1), (own.kind, own.id)), "w": (whole(2), (own.kind, own.id))}
            assert subject.read(instance, "v", scope=scope) == whole(1)
            assert subject.read(instance, "w", scope=other) is None
            assert {name: each.value for name, each in subject.listed(instance).items()} == {"v": string("root")}
            subject.patch(instance, deletions=("v",), scope=scope)
            assert subject.read(instance, "v", scope=scope) is None
            assert subject.read(instance, "v") == string("root")

    def test_what_a_task_sees_is_its_own_and_what_is_around_it(self, subject: Subject) -> None:
        with nested(subject) as (instance, _, task):
            subject.patch(instance, {"v": string("root"), "r": whole(1)})
            subject.patch(instance, {"v": string("own"), "a/b": whole(2)}, scope=task)
            found = subject.listed(instance, ("v", "r", "a/b"), scope=task, seen=True)
            expected = {"v": string("own"), "r": whole(1), "a/b": whole(2)}
            assert {name: each.value for name, each in found.items()} == expected
            for name, value in expected.items():
                assert subject.read(instance, name, scope=task, seen=True) == value
            assert subject.read(instance, "nope", scope=task, seen=True) is None
            for gone in (
                lambda: subject.listed(instance, scope="task:nope", seen=True),
                lambda: subject.read(instance, "v", scope="task:nope", seen=True),
            ):
                with pytest.raises(ScopeNotFound):
                    gone()

    def test_untyped_value_keeps_the_type_stored_in_its_scope(self, subject: Subject) -> None:
        with nested(subject) as (instance, scope, _):
            if not exactly(subject) or not getattr(subject.engine.settings, "keep_type", True):
                pytest.skip("keeps no types")
            subject.patch(instance, {"v": string("root")})
            subject.patch(instance, {"v": whole(1, "integer/int64")}, scope=scope)
            subject.patch(instance, {"v": Value(value=raw("2"))}, scope=scope)
            assert subject.read(instance, "v", scope=scope) == whole(2, "integer/int64")

    def test_all_lists_every_scope(self, subject: Subject) -> None:
        with nested(subject) as (instance, execution, task):
            for number, scope in enumerate(("instance", execution, task)):
                subject.patch(instance, {"v": whole(number)}, scope=scope)
            found = subject.ask("list_variables", ListVariables(instance=instance, names=("v",), scope="all")).variables
            shown = {each.value.text: each.scope and f"{each.scope.kind}:{each.scope.id}" for each in found}
            assert shown == {b"0": None, b"1": execution, b"2": task}

    def test_content_of_a_scope_comes_back(self, subject: Subject) -> None:
        with nested(subject) as (instance, *scopes):
            for scope in scopes:
                subject.ask(
                    "write_binary", WriteBinary(instance=instance, name="b", content=scope.encode(), scope=scope)
                )
            for scope in scopes:
                command = ReadBinary(instance=instance, name="b", scope=scope)
                assert subject.ask("read_binary", command).content == scope.encode()

    @pytest.mark.parametrize(("operation", "command"), OPERATIONS, ids=lambda v: str(v)[:40])
    @pytest.mark.parametrize("kind", [0, 1], ids=["execution", "task"])
    def test_scope_of_another_instance_is_not_found_and_nothing_is_written(
        self, subject: Subject, operation: str, command, kind: int
    ) -> None:
        with nested(subject) as (_, *scopes), instance_of(subject) as stranger:
            for scope in (scopes[kind], f"{scopes[kind].partition(':')[0]}:nope"):
                with pytest.raises(ScopeNotFound) as caught:
                    subject.ask(operation, msgspec.structs.replace(command, instance=stranger, scope=scope))
                assert (caught.value.outcome, subject.wrote) == ("not_applied", False)

    def test_scope_of_the_other_kind_is_not_found(self, subject: Subject) -> None:
        with nested(subject) as (instance, execution, task):
            subject.patch(instance, {"v": whole(1)}, scope=task)
            for scope in (f"execution:{task.partition(':')[2]}", f"task:{execution.partition(':')[2]}"):
                with pytest.raises(ScopeNotFound):
                    subject.listed(instance, scope=scope)

    def test_execution_named_as_instance_means_its_own_place(self, subject: Subject) -> None:
        with nested(subject) as (instance, execution, task):
            inner = execution.partition(":")[2]
            subject.patch(instance, {"v": whole(0)})
            subject.patch(inner, {"own": whole(1)}, scope=execution)
            subject.patch(inner, {"own": whole(2)}, scope=task)
            assert subject.listed(inner)["own"].value == whole(1)
            assert subject.read(inner, "own", scope=task) == whole(2)
            found = subject.ask("list_variables", ListVariables(instance=inner, names=("v",), scope="all")).variables
            assert [each.value for each in found] == [whole(0)]
            assert subject.ask("describe_instance", DescribeInstance(instance=inner)).instance.id == instance

    def test_write_that_names_an_execution_as_instance_depends_on_what_it_changes(self, subject: Subject) -> None:
        if "json" not in subject.engine.capabilities.types:
            pytest.skip("takes no JSON")
        with nested(subject) as (instance, execution, _):
            inner = execution.partition(":")[2]
            stored = {"doc": typed("json", '{"a": 1, "b": {"c": 1.10}}'), "big": whole(1, "integer/int64")}
            subject.patch(instance, stored)
            subject.patch(inner, merges={"doc": raw('{"b": {"d": 2}}')}, root=instance)
            merged = subject.read(instance, "doc")
            assert merged is not None
            assert bytes(merged.text).replace(b" ", b"") == b'{"a":1,"b":{"c":1.10,"d":2}}'
            subject.patch(inner, {"big": Value(value=raw("2"))}, root=instance)
            kept = subject.read(instance, "big")
            assert kept == whole(2, "integer/int64")
            tag = View().tag(subject.ask("get_variable", GetVariable(instance=inner, name="big")).variable)
            assert tag is not None
            for tags in ({"matching": Tags(('"x"',))}, {"none_matching": Tags(anything=True)}):
                with pytest.raises(PreconditionFailed) as caught:
                    subject.patch(inner, {"big": whole(3)}, expect=Expect(name="big", **tags), root=instance)
                assert (subject.wrote, caught.value.headers) == (False, (("ETag", tag),))
            expect = Expect(name="big", matching=Tags((tag,)))
            subject.patch(inner, {"big": whole(3)}, expect=expect, root=instance, verify=True)
            assert subject.read(instance, "big") == whole(3)
            assert set(subject.listed(inner, ("big", "doc"), seen=True)) == {"big", "doc"}
            assert subject.listed(inner, ("big", "doc")) == {}

    @pytest.mark.parametrize(
        "change",
        [
            {"merges": {"v": raw("{}")}},
            {"modifications": {"v": whole(1)}, "expect": Expect(name="v", none_matching=Tags(anything=True))},
        ],
    )
    def test_write_that_turns_out_to_be_inside_another_instance_says_which_and_writes_nothing(
        self, subject: Subject, change: dict[str, object]
    ) -> None:
        with nested(subject) as (instance, execution, task):
            inner = execution.partition(":")[2]
            subject.patch(instance, {"own": whole(1)}, scope=execution)
            for scope in ("instance", execution, task):
                done = subject.ask("patch_variables", PatchVariables(instance=inner, scope=scope, **change))
                assert (done.elsewhere, done.rules, subject.wrote) == (instance, (), False)
            assert subject.listed(inner)["own"].value == whole(1)
            assert subject.ask("list_variables", ListVariables(instance=inner)).root == instance

    def test_content_and_modification_that_read_first_say_so_too(self, subject: Subject) -> None:
        absent = Expect(name="v", none_matching=Tags(anything=True))
        content = WriteBinary(instance="", name="v", content=b"x", expect=absent)
        start = Instruction(type="startBeforeActivity", activity_id="review")
        moved = ModifyInstance(instance="", instructions=(start,), expect=absent)
        with nested(subject) as (instance, execution, _):
            inner = execution.partition(":")[2]
            for operation, command in (("write_binary", content), ("modify_instance", moved)):
                done = subject.ask(operation, msgspec.structs.replace(command, instance=inner))
                assert (done.elsewhere, done.rules, subject.wrote) == (instance, (), False)
            held = msgspec.structs.replace(content, instance=inner, root=instance)
            assert subject.ask("write_binary", held).elsewhere is None
            assert subject.wrote

    @pytest.mark.parametrize(("operation", "command"), OPERATIONS, ids=lambda v: str(v)[:40])
    @pytest.mark.parametrize("scope", ["execution:1", "task:1"])
    def test_scope_not_offered_is_refused_unsent(self, subject: Subject, operation: str, command, scope: str) -> None:
        if subject.has("variables.scopes"):
            pytest.skip("offered")
        with pytest.raises(Unsupported):
            subject.ask(operation, msgspec.structs.replace(command, instance="1", scope=scope))
        assert subject.sent == []

    @pytest.mark.parametrize(("operation", "command"), OPERATIONS[1:], ids=lambda v: str(v)[:40])
    def test_scope_of_all_is_for_lists_only(self, subject: Subject, operation: str, command) -> None:
        with pytest.raises((InvalidRequest, Unsupported)):
            subject.ask(operation, msgspec.structs.replace(command, instance="1", scope="all"))
        assert subject.sent == []


class TestEnded:
    def test_ended_instance_is_described_where_ended_ones_count(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            running = subject.ask("describe_instance", DescribeInstance(instance=instance, ended=True)).instance
            subject.end(instance)
            with pytest.raises(InstanceNotFound):
                subject.ask("describe_instance", DescribeInstance(instance=instance))
            found = subject.ask("describe_instance", DescribeInstance(instance=instance, ended=True)).instance
            assert (running.state, running.definition) == ("active", DEFINITION)
            assert found == Instance(
                id=instance,
                definition=running.definition,
                definition_id=running.definition_id,
                business_key=running.business_key,
                state="terminated",
                tenant=running.tenant,
            )

    def test_last_values_of_an_ended_instance_are_read(self, subject: Subject) -> None:
        wanted = {"a": whole(1), "b": string("text"), "c": typed("json", '{"n":1.10}')}
        wanted = {n: v for n, v in wanted.items() if v.type in subject.engine.capabilities.types or v.type != "json"}
        with instance_of(subject, *wanted) as instance:
            subject.patch(instance, wanted)
            before = subject.listed(instance, ended=True)
            subject.end(instance)
            assert subject.listed(instance, ended=True) == before == {**before, **subject.listed(instance, ended=True)}
            assert set(before) == set(wanted)
            for name, variable in before.items():
                assert subject.read(instance, name, ended=True) == variable.value
                assert set(subject.listed(instance, (name,), ended=True)) == {name}
            assert subject.read(instance, "nope", ended=True) is None
            with pytest.raises(InstanceNotFound):
                subject.listed(instance)

    def test_values_of_the_scopes_of_an_ended_instance_are_read(self, subject: Subject) -> None:
        with nested(subject) as (instance, *scopes):
            for number, scope in enumerate(scopes):
                subject.patch(instance, {"v": whole(number)}, scope=scope)
            subject.patch(instance, {"v": whole(9)})
            subject.end(instance)
            assert [subject.read(instance, "v", scope=scope, ended=True) for scope in scopes] == [whole(0), whole(1)]
            assert subject.read(instance, "v", ended=True) == whole(9)
            assert subject.read(instance, "w", scope=scopes[0], ended=True) is None

    def test_content_of_an_ended_instance_is_read(self, subject: Subject) -> None:
        if not subject.has("binary.write"):
            pytest.skip("not offered")
        with instance_of(subject) as instance:
            subject.ask("write_binary", WriteBinary(instance=instance, name="b", content=b"abc", filename="a.txt"))
            subject.end(instance)
            assert subject.ask("read_binary", ReadBinary(instance=instance, name="b", ended=True)).content == b"abc"
            found = subject.read(instance, "b", ended=True)
            assert found is not None
            assert (found.type, found.text) == ("file", b'"YWJj"')

    def test_missing_instance_stays_missing(self, subject: Subject) -> None:
        for operation, command in (
            ("describe_instance", DescribeInstance(instance=subject.missing, ended=True)),
            ("list_variables", ListVariables(instance=subject.missing, ended=True)),
            ("get_variable", GetVariable(instance=subject.missing, name="v", ended=True)),
        ):
            with pytest.raises(InstanceNotFound):
                subject.ask(operation, command)

    def test_missing_variable_of_an_ended_instance_is_told_as_such(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            subject.end(instance)
            with pytest.raises(VariableNotFound):
                subject.ask("get_variable", GetVariable(instance=instance, name="v", ended=True))

"""What every engine must do, whoever made it: it is asked for capabilities, never for its vendor.

A test gets a `Subject`; what the engine says it cannot do, it must refuse before it sends anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import (
    InstanceNotFound,
    InvalidRequest,
    Refusal,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    ValueTooLong,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model import jsontext
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
from gateway.model.results import Rule
from gateway.model.values import ABSENT, Value
from gateway.port import FEATURES
from tests.conformance.subjects import DEFINITION, NAMES, Subject
from tests.conformance.values import EXAMPLES, kept_name, raw, same, shown, string, trees, typed, values, whole

drawn = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.differing_executors],
)
STAYING = string("untouched")
ODD_NAMES = [
    ".", "..", "a/b", "/", "\\", "a;b", ";", "%2F", "%2e%2e", "%", "+", "a b", " ", '"', "'", "?", "#", "&a=b", "*",
    "{}", "$x", "ä", "😀", "\t", "\n", "\x01", "\x7f", "items", "data", "variables", "deletions", "n" * 255,
]  # fmt: skip


@contextlib.contextmanager
def instance_of(subject: Subject, *names: str) -> Iterator[str]:
    """An instance that may have variables of these names, gone afterwards."""
    instance = subject.begin(names)
    try:
        yield instance
    finally:
        if subject.lives(instance):
            subject.end(instance)


def can_hold(subject: Subject, value: Value) -> bool:
    kind = f"{value.type}/{value.format}" if value.format else value.type
    return kind in subject.engine.capabilities.types


def exactly(subject: Subject) -> bool:
    return subject.has("variables.stored_types")


def refused_before_writing(subject: Subject, instance: str, error: type[VarbridgeError], **patch: object) -> Refusal:
    """A patch is refused, says so by its outcome, and has sent nothing that writes."""
    with pytest.raises(error) as caught:
        subject.patch(instance, **patch)
    assert not subject.wrote
    assert caught.value.outcome == "not_applied"
    return caught.value


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
            assert same(value, found, exactly=exactly(subject)), _both(value, found)

    @staticmethod
    def _comes_back_by_rule_or_is_refused(subject: Subject, instance: str, name: str, value: Value) -> None:
        try:
            rules = subject.patch(instance, {name: value}).rules
        except VarbridgeError as refused:
            assert (refused.status, refused.outcome, subject.wrote) == (422, "not_applied", False)
            assert [fault.pointer for fault in refused.errors] == [f"/modifications/{name}"]
            return
        found = subject.read(instance, name)
        assert rules or (found is not None and same(value, found, exactly=exactly(subject))), _both(value, found)

    @drawn
    @given(value=values)
    def test_any_value_comes_back_or_is_refused_or_names_its_rule(self, subject: Subject, value: Value) -> None:
        name = kept_name(value, NAMES)
        with instance_of(subject, name) as instance:
            try:
                rules = subject.patch(instance, {name: value}).rules
            except VarbridgeError as refused:
                assert (refused.status, refused.outcome, subject.wrote) == (422, "not_applied", False), refused
                return
            assert {rule.name for rule in rules} <= {name}
            found = subject.read(instance, name)
            came_back = value.is_null() if found is None else same(value, found, exactly=exactly(subject))
            assert came_back or rules, _both(value, found)

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
            assert subject.read(instance, "v") == longest
            refused_before_writing(subject, instance, ValueTooLong, modifications={"v": longer})

    def test_transient_is_taken_or_refused(self, subject: Subject) -> None:
        value = msgspec.structs.replace(whole(1), transient=True)
        with instance_of(subject, "v") as instance:
            if subject.has("variables.transient"):
                subject.patch(instance, {"v": value})
                assert subject.read(instance, "v") is None
            else:
                refused_before_writing(subject, instance, Unsupported, modifications={"v": value})


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
        with pytest.raises((InstanceNotFound, Unsupported)) as caught:
            subject.ask(operation, msgspec.structs.replace(command, instance=instance))
        assert caught.value.outcome == "not_applied"
        if caught.type is Unsupported:
            assert subject.sent == []

    def test_missing_variable_is_told_as_such(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            for name in ("nope", "a/b", "..", ""):
                with pytest.raises(VariableNotFound):
                    subject.ask("get_variable", GetVariable(instance=instance, name=name))


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

    @pytest.mark.parametrize("scope", ["execution:1", "task:1"])
    def test_inner_scope_is_read_or_refused(self, subject: Subject, scope: str) -> None:
        with instance_of(subject, "v") as instance:
            command = ListVariables(instance=instance, scope=scope)
            if subject.has("variables.scopes"):
                assert subject.ask("list_variables", command).variables == ()
                return
            with pytest.raises(Unsupported):
                subject.ask("list_variables", command)
            assert subject.sent == []

    @pytest.mark.parametrize("scope", ["", "nonsense", "execution:", "task"])
    def test_scope_that_is_none_is_refused_unsent(self, subject: Subject, scope: str) -> None:
        for command in (ListVariables(instance="1", scope=scope), GetVariable(instance="1", name="v", scope=scope)):
            operation = "list_variables" if isinstance(command, ListVariables) else "get_variable"
            with pytest.raises((InvalidRequest, Unsupported)):
                subject.ask(operation, command)
            assert subject.sent == []


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


class TestBinary:
    @pytest.mark.parametrize("filename", [None, "a.bin", 'ä "b".txt', "semi;colon.txt", "€😀.pdf"])
    @pytest.mark.parametrize("content", [b"", b"\x00\r\n--boundary\xff"])
    def test_content_comes_back(self, subject: Subject, filename: str | None, content: bytes) -> None:
        if not subject.has("binary.write"):
            pytest.skip("not offered")
        with instance_of(subject, "v") as instance:
            subject.ask(
                "write_binary",
                WriteBinary(instance=instance, name="v", content=content, filename=filename, media_type="text/plain"),
            )
            found = subject.ask("read_binary", ReadBinary(instance=instance, name="v"))
            assert found.content == content
            value = subject.read(instance, "v")
            assert value is not None
            assert (value.type, value.filename) == ("bytes" if filename is None else "file", filename)

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


def _both(value: Value, found: Value | None) -> str:
    def told(each: Value | None) -> str:
        return repr(each and msgspec.json.encode(each))

    return f"{told(value)} came back as {told(found)}"

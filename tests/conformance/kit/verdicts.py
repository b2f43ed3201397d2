"""What every engine must say of values before anything is written: exactly what the write then does."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec
import pytest
from hypothesis import given

from gateway.errors import VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.etag import variable_tag
from gateway.model.results import Rule, Scope, Variable
from gateway.model.values import ABSENT, Value
from gateway.model.verdict import Verdict
from gateway.plan import VendorRequest
from tests.conformance.kit.asking import both, can_hold, drawn, instance_of, unsent
from tests.conformance.subjects import NAMES, Subject
from tests.conformance.values import EXAMPLES, kept_name, same, shown, string, typed, values, whole


class TestVerdicts:
    @pytest.mark.parametrize("value", [value for each in EXAMPLES.values() for value in each], ids=shown)
    def test_verdict_on_an_example_is_what_the_write_does(self, subject: Subject, value: Value) -> None:
        self._agree(subject, value)

    @drawn
    @given(value=values)
    def test_verdict_on_any_value_is_what_the_write_does(self, subject: Subject, value: Value) -> None:
        self._agree(subject, value)

    @staticmethod
    def _agree(subject: Subject, value: Value) -> None:
        name = kept_name(value, NAMES)
        variable = Variable(name=name, value=value)
        verdict = judged(subject, variable)
        with instance_of(subject, name) as instance:
            patch = PatchVariables(instance=instance, modifications={name: value})
            assert _said(verdict) == subject.carry_out(_dry(subject, patch)) == _wrote(subject, patch)
            if verdict.kind == "unsupported":
                return
            found = subject.read(instance, name)
            foreseen = subject.engine.foresee(variable, subject.declared).value
            if found is None:  # an engine where null is unset
                assert foreseen.is_null()
                return
            assert _tag(found) == _tag(foreseen), both(foreseen, found)
            assert verdict.kind == "lossy" or same(value, found, exactly=verdict.becomes is None), both(value, found)

    def test_blob_without_content_is_judged_by_its_type_and_size(self, subject: Subject) -> None:
        for kind in ("bytes", "file"):
            whole_blob = EXAMPLES[kind][-1]
            listed = Variable(name="v", value=_without_content(whole_blob), size=3)
            inlined, alone = judged(subject, Variable(name="v", value=whole_blob)), judged(subject, listed)
            assert (alone.kind, alone.code, alone.rules) == (inlined.kind, inlined.code, inlined.rules)
            assert alone.bytes == 3
            if can_hold(subject, whole_blob):
                assert subject.engine.foresee(listed, subject.declared).value.value == ABSENT

    def test_blob_longer_than_what_is_held_is_refused_where_no_stream_is_taken(self, subject: Subject) -> None:
        blob = Variable(name="v", value=_without_content(EXAMPLES["bytes"][0]), size=11)
        (verdict,) = subject.engine.assess([blob], declared=subject.declared, max_held_bytes=10)
        if subject.has("binary.write"):
            assert verdict.kind == "lossless"
        else:
            assert (verdict.kind, verdict.code, verdict.bytes) == ("unsupported", "payload-too-large", 11)

    def test_variable_of_an_inner_scope_cannot_be_moved(self, subject: Subject) -> None:
        scope = Scope(kind="task", id="t1")
        verdict = judged(subject, Variable(name="v", value=whole(1), scope=scope))
        assert (verdict.kind, verdict.code, verdict.scope) == ("unsupported", "scope-not-movable", scope)

    def test_variable_that_the_source_cannot_read_cannot_be_moved(self, subject: Subject) -> None:
        broken = Variable(name="v", value=Value(type="json", value=ABSENT), error="The stored text is not JSON.")
        assert (judged(subject, broken).kind, judged(subject, broken).code) == ("unsupported", "variable-unreadable")

    def test_transient_value_cannot_be_moved(self, subject: Subject) -> None:
        value = typed("string", '"x"', transient=True)
        verdict = judged(subject, Variable(name="v", value=value))
        assert (verdict.kind, verdict.code) == ("unsupported", "capability-unsupported")

    def test_opaque_value_cannot_be_moved(self, subject: Subject) -> None:
        verdict = judged(subject, Variable(name="v", value=typed("opaque", '"rO0AB"')))
        assert (verdict.kind, verdict.code) == ("unsupported", "value-invalid")

    def test_name_that_is_too_long_is_refused(self, subject: Subject) -> None:
        verdict = judged(subject, Variable(name="n" * 256, value=whole(1)), declared=None)
        assert (verdict.kind, verdict.code) == ("unsupported", "value-too-long")

    def test_name_that_is_not_declared_is_refused_where_names_must_be(self, subject: Subject) -> None:
        variable = Variable(name="other", value=whole(1))
        known, unknown = judged(subject, variable, declared={"v": None}), judged(subject, variable, declared=None)
        if subject.has("variables.create"):
            assert known == unknown == Verdict(name="other", kind="lossless", bytes=1)
        else:
            assert (known.kind, known.code) == ("unsupported", "variable-not-found")
            assert unknown == Verdict(name="other", kind="lossless", bytes=1, if_declared=True)

    def test_text_beyond_the_limit_is_refused(self, subject: Subject) -> None:
        limit = subject.engine.capabilities.limits.string_length
        if limit is None:
            pytest.skip("no limit known")
        longest, longer = (judged(subject, Variable(name="v", value=string("x" * n))) for n in (limit, limit + 1))
        assert (longest.kind, longer.code) == ("lossless", "value-too-long")


def judged(subject: Subject, variable: Variable, **more: object) -> Verdict:
    """Return the verdict on one variable."""
    (verdict,) = subject.engine.assess([variable], **{"declared": subject.declared, **more})  # type: ignore[arg-type]
    return verdict


def _tag(value: Value) -> str:
    return variable_tag(Variable(name="v", value=value), strong_binary=True)


def _without_content(value: Value) -> Value:
    return msgspec.structs.replace(value, value=ABSENT)


Said = tuple[str, str | None, str | None, tuple[str, ...]]
"""Kind, code, words and rules."""


def _said(verdict: Verdict) -> Said:
    return verdict.kind, verdict.code, verdict.detail, verdict.rules


def _wrote(subject: Subject, patch: PatchVariables) -> Said:
    """Write, and return what a verdict should have said."""
    try:
        rules = subject.ask("patch_variables", patch).rules
    except VarbridgeError as refused:
        if not unsent(subject, refused):
            raise
        return "unsupported", refused.code, refused.detail, ()
    return _taken(rules)


def _dry(subject: Subject, patch: PatchVariables) -> Generator[VendorRequest, Any, Said]:
    """Run the plan as a dry run does: what writes is not sent, and taken for a success."""
    plan = subject.engine.patch_variables(patch)
    try:
        request = next(plan)
        while True:
            request = plan.send(subject.engine.assume_success(request) if request.writes else (yield request))
    except StopIteration as done:
        return _taken(done.value.rules)
    except VarbridgeError as refused:
        return "unsupported", refused.code, refused.detail, ()


def _taken(rules: tuple[Rule, ...]) -> Said:
    return "lossy" if rules else "lossless", None, None, tuple(rule.id for rule in rules)

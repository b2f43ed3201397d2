"""Finding instances: among ids, by the values of their variables, by their state."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.model.commands import FindInstances
from gateway.model.condition import Condition, Operator
from gateway.model.lifecycle import ChangeState
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import DEFINITION, Subject
from tests.conformance.values import typed, whole


def found(subject: Subject, **asked: Any) -> set[str]:
    """Return the ids of the instances that are found, however many there are."""
    command = FindInstances(**{"limit": 10_000} | asked)
    return {each.id for each in subject.ask("find_instances", command).instances}


def condition(name: str, operator: Operator, value: bytes) -> Condition:
    return Condition(name=name, operator=operator, value=msgspec.Raw(value))


class TestFinding:
    """What an engine offers of finding it does; what it does not offer is refused by the operation."""

    def test_found_among_ids(self, subject: Subject) -> None:
        if not subject.has("instances.find.ids"):
            pytest.skip("not by ids")
        with instance_of(subject) as one, instance_of(subject) as other:
            ended = subject.begin()
            subject.end(ended)
            assert found(subject, ids=(one, ended)) == {one}
            assert found(subject, ids=(other, one)) == {one, other}
            assert (found(subject, ids=(ended,)), found(subject, ids=())) == (set(), set())
            if subject.has("instances.ended"):
                assert found(subject, ids=(one, ended), ended=True) == {one, ended}
            pages = [found(subject, ids=(one, other), offset=offset, limit=1) for offset in range(3)]
            assert (pages[0] | pages[1], pages[2]) == ({one, other}, set())
            assert found(subject, ids=(one,), definition=DEFINITION) == {one}
            assert found(subject, ids=(one,), definition="kit-none") == set()

    def test_found_by_values_of_variables(self, subject: Subject) -> None:
        if not subject.has("instances.find.variables"):
            pytest.skip("not by variables")
        with instance_of(subject, "note", "count") as one, instance_of(subject, "note", "count") as other:
            subject.patch(one, {"note": typed("string", b'"kit-a"'), "count": whole(1)})
            subject.patch(other, {"note": typed("string", b'"kit-b"'), "count": whole(9)})
            self._check(subject, one, other)

    @staticmethod
    def _check(subject: Subject, one: str, other: str) -> None:
        is_a, is_many = condition("note", "eq", b'"kit-a"'), condition("count", "gt", b"5")
        for conditions, expected in (
            ((is_a,), {one}),
            ((condition("note", "like", b'"kit-%"'), is_many), {other}),
            ((is_a, is_many), set()),
            ((condition("note", "neq", b'"kit-a"'),), {other}),
            ((condition("NOTE", "eq", b'"kit-a"'),), set()),
        ):
            assert found(subject, variables=conditions) & {one, other} == expected
            assert found(subject, variables=conditions, ids=(one,)) == expected & {one}
        folded = {"variables": (condition("NOTE", "eq", b'"KIT-A"'),), "names_ignore_case": True}
        assert found(subject, **folded) & {one, other} == set()
        assert found(subject, **folded, values_ignore_case=True) & {one, other} == {one}

    def test_found_by_state(self, subject: Subject) -> None:
        if not {"instances.find.state", "instances.state"} <= subject.engine.capabilities.features:
            pytest.skip("not by state")
        with instance_of(subject) as active, instance_of(subject) as suspended:
            _ = subject.ask("change_state", ChangeState(instance=suspended, state="suspended"))
            for state, expected in (("active", active), ("suspended", suspended)):
                assert found(subject, state=state, definition=DEFINITION) & {active, suspended} == {expected}
                assert found(subject, state=state, ids=(active, suspended)) == {expected}

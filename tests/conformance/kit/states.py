"""Suspending an instance, letting it go on, terminating it."""

from __future__ import annotations

import pytest

from gateway.errors import InstanceNotFound, Unsupported
from gateway.model.commands import DescribeInstance
from gateway.model.lifecycle import ChangeState
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import Subject
from tests.conformance.values import whole


def change(subject: Subject, instance: str, state: str) -> str:
    """Change a state and return what the result says it is."""
    done = subject.ask("change_state", ChangeState(instance=instance, state=state))
    assert (done.elsewhere, done.instance.id) == (None, instance)
    return str(done.instance.state)


def state_of(subject: Subject, instance: str) -> str:
    return str(subject.ask("describe_instance", DescribeInstance(instance=instance, ended=True)).instance.state)


class TestStates:
    """The state of an instance."""

    def test_without_states_a_change_is_refused_unsent(self, subject: Subject) -> None:
        if subject.has("instances.state"):
            pytest.skip("has states")
        with pytest.raises(Unsupported):
            subject.ask("change_state", ChangeState(instance=subject.missing, state="suspended"))
        assert subject.sent == []

    def test_instance_is_suspended_and_goes_on_and_its_variables_stay(self, subject: Subject) -> None:
        self._able(subject)
        with instance_of(subject, "m") as instance:
            subject.patch(instance, {"m": whole(1)})
            for state in ("suspended", "active"):
                assert change(subject, instance, state) == state
                assert [request.writes for request in subject.sent].count(True) == 1
                assert state_of(subject, instance) == state
            assert subject.read(instance, "m").text == b"1"

    @pytest.mark.parametrize("state", ["suspended", "active"])
    def test_instance_that_is_in_the_state_already_stays_and_nothing_is_written(
        self, subject: Subject, state: str
    ) -> None:
        self._able(subject)
        with instance_of(subject) as instance:
            _ = change(subject, instance, state)
            assert change(subject, instance, state) == state
            assert not subject.wrote
            _ = change(subject, instance, "active")

    @pytest.mark.parametrize("before", ["active", "suspended"])
    def test_terminated_instance_lives_no_more(self, subject: Subject, before: str) -> None:
        self._able(subject)
        instance = subject.begin()
        _ = change(subject, instance, before)
        assert change(subject, instance, "terminated") == "terminated"
        assert not subject.lives(instance)
        assert state_of(subject, instance) == "terminated"

    @pytest.mark.parametrize("state", ["suspended", "active", "terminated"])
    def test_missing_instance_and_ended_one_are_told_as_such_and_nothing_is_written(
        self, subject: Subject, state: str
    ) -> None:
        self._able(subject)
        with pytest.raises(InstanceNotFound):
            _ = change(subject, subject.missing, state)
        assert not subject.wrote
        instance = subject.begin()
        subject.end(instance)
        with pytest.raises(subject.ended) as caught:
            _ = change(subject, instance, state)
        assert (caught.value.outcome, subject.wrote) == ("not_applied", False)

    def test_execution_inside_an_instance_leads_to_its_instance_first(self, subject: Subject) -> None:
        self._able(subject)
        if subject.nested is None:
            pytest.skip("has no scopes")
        instance, execution, _ = subject.nested()
        inner = execution.partition(":")[2]
        done = subject.ask("change_state", ChangeState(instance=inner, state="suspended"))
        assert (done.elsewhere, subject.wrote) == (instance, False)
        done = subject.ask("change_state", ChangeState(instance=inner, root=instance, state="suspended"))
        assert (done.elsewhere, done.instance.id, state_of(subject, instance)) == (None, instance, "suspended")
        subject.end(instance)

    @staticmethod
    def _able(subject: Subject) -> None:
        if not subject.has("instances.state"):
            pytest.skip("has no states")

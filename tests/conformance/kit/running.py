"""Starting instances, completing tasks and correlating messages, with variables."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from gateway.errors import InstanceNotFound, InstanceStateConflict, TaskNotFound, Unsupported, ValueInvalid
from gateway.model.commands import DescribeInstance
from gateway.model.lifecycle import CompleteTask, CorrelateMessage, DescribeTask, StartInstance
from gateway.model.results import Instance
from gateway.model.values import Value
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import DEFINITION, WAITING, Subject
from tests.conformance.values import raw, string, whole

BENT = Value(type="integer", value=raw("1.5"))


def start(subject: Subject, definition: str = DEFINITION, **more: Any) -> Instance:
    found: Instance = subject.ask("start_instance", StartInstance(definition=definition, **more)).instance
    return found


def described(subject: Subject, instance: str) -> Instance:
    found: Instance = subject.ask("describe_instance", DescribeInstance(instance=instance)).instance
    return found


class TestStarts:
    @pytest.fixture(autouse=True)
    def able(self, subject: Subject) -> None:
        if not subject.has("instances.start"):
            pytest.skip("starts nothing")

    def test_new_instance_has_its_variables_and_is_described_as_it_was_answered(self, subject: Subject) -> None:
        with instance_of(subject, "amount", "note"):
            new = start(subject, variables={"amount": whole(7), "note": string("x")})
            assert [request.writes for request in subject.sent].count(True) == 1
            assert (new.definition, new.state) == (DEFINITION, "active")
            assert subject.read(new.id, "amount") == whole(7)
            assert subject.read(new.id, "note") == string("x")
            assert described(subject, new.id) == new
            subject.end(new.id)

    def test_definition_may_be_an_id(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            known = described(subject, instance).definition_id
            assert known is not None
            new = start(subject, known)
            assert new.definition_id == known
            subject.end(new.id)

    @pytest.mark.parametrize("definition", ["nope", "nope:1:1", "25.nope"])
    def test_definition_that_is_not_there_is_pointed_at(self, subject: Subject, definition: str) -> None:
        with pytest.raises(ValueInvalid) as caught:
            _ = start(subject, definition)
        assert [fault.pointer for fault in caught.value.errors] == ["/definition"]
        assert caught.value.outcome == "not_applied"

    @pytest.mark.parametrize("definition", ["..", "a/b", "a;b"])
    def test_definition_that_is_no_name_never_becomes_a_path(self, subject: Subject, definition: str) -> None:
        with pytest.raises(ValueInvalid):
            _ = start(subject, definition)
        assert not subject.wrote

    def test_variable_that_does_not_fit_is_refused_unsent(self, subject: Subject) -> None:
        with pytest.raises(ValueInvalid) as caught:
            _ = start(subject, variables={"a/b": BENT})
        assert [fault.pointer for fault in caught.value.errors] == ["/variables/a~1b"]
        assert not subject.wrote

    def test_business_key_is_taken_or_refused_unsent(self, subject: Subject) -> None:
        if subject.has("instances.start.business_key"):
            new = start(subject, business_key="order-1")
            assert described(subject, new.id).business_key == "order-1"
            subject.end(new.id)
            return
        with pytest.raises(Unsupported) as caught:
            _ = start(subject, business_key="order-1")
        assert ([fault.pointer for fault in caught.value.errors], subject.sent) == (["/businessKey"], [])

    def test_tenant_that_has_no_such_definition_is_refused(self, subject: Subject) -> None:
        with pytest.raises((ValueInvalid, Unsupported)) as caught:
            _ = start(subject, tenant="nobody")
        assert caught.value.outcome == "not_applied"
        assert not subject.wrote or subject.has("instances.start.tenant")


class TestTasks:
    @pytest.fixture(autouse=True)
    def able(self, subject: Subject) -> None:
        if not subject.has("tasks.complete"):
            pytest.skip("completes no tasks")

    def test_task_tells_its_instance_and_is_gone_once_completed(self, subject: Subject) -> None:
        with instance_of(subject, "done") as instance:
            (task, *_) = subject.tasks(instance)
            open_one = subject.ask("describe_task", DescribeTask(task=task))
            assert (open_one.instance, open_one.state, open_one.ended) == (instance, "open", None)
            assert open_one.name
            assert open_one.definition
            assert open_one.created.tzinfo is UTC
            subject.ask("complete_task", CompleteTask(task=task, variables={"done": whole(1)}))
            assert [request.writes for request in subject.sent] == [True]
            for operation, command in (("describe_task", DescribeTask), ("complete_task", CompleteTask)):
                with pytest.raises(TaskNotFound):
                    subject.ask(operation, command(task=task))
            over = subject.ask("describe_task", DescribeTask(task=task, ended=True))
            told = (over.instance, over.state, over.name, over.definition)
            assert told == (instance, "completed", open_one.name, open_one.definition)
            assert over.created.tzinfo is over.ended.tzinfo is UTC

    def test_missing_task_is_said_so(self, subject: Subject) -> None:
        for ended in (False, True):
            with pytest.raises(TaskNotFound):
                subject.ask("describe_task", DescribeTask(task=subject.missing, ended=ended))
        with pytest.raises(TaskNotFound):
            subject.ask("complete_task", CompleteTask(task=subject.missing))

    def test_variable_that_does_not_fit_is_refused_and_the_task_stays(self, subject: Subject) -> None:
        with instance_of(subject, "v") as instance:
            (task, *_) = subject.tasks(instance)
            with pytest.raises(ValueInvalid):
                subject.ask("complete_task", CompleteTask(task=task, variables={"v": BENT}))
            assert not subject.wrote
            assert subject.tasks(instance)[0] == task


class TestMessages:
    def test_without_messages_one_is_refused_unsent(self, subject: Subject) -> None:
        if subject.has("messages.correlate"):
            pytest.skip("has messages")
        with pytest.raises(Unsupported):
            subject.ask("correlate_message", CorrelateMessage(name="Paid"))
        assert subject.sent == []

    def test_message_goes_to_who_waits_and_brings_variables_once(self, subject: Subject) -> None:
        self._able(subject)
        new = start(subject, WAITING, business_key="order-8", variables={"a": whole(42)})
        message = CorrelateMessage(
            name="Paid", business_key="order-8", correlation_keys={"a": whole(42)}, variables={"paid": whole(1)}
        )
        (receiver,) = subject.ask("correlate_message", message).receivers
        assert (receiver.instance, receiver.started, receiver.begun) == (new.id, False, None)
        assert receiver.execution
        assert subject.read(new.id, "paid") == whole(1)
        with pytest.raises(InstanceStateConflict) as caught:
            subject.ask("correlate_message", message)
        assert caught.value.outcome == "not_applied"
        subject.end(new.id)

    def test_message_that_several_wait_for_is_refused_unless_all_are_meant(self, subject: Subject) -> None:
        self._able(subject)
        both = {start(subject, WAITING, business_key="order-9").id for _ in range(2)}
        with pytest.raises(InstanceStateConflict):
            subject.ask("correlate_message", CorrelateMessage(name="Paid", business_key="order-9"))
        every = CorrelateMessage(name="Paid", business_key="order-9", everybody=True)
        assert {each.instance for each in subject.ask("correlate_message", every).receivers} == both
        for instance in both:
            subject.end(instance)

    def test_missing_instance_and_nobody_waiting_are_told_apart(self, subject: Subject) -> None:
        self._able(subject)
        with pytest.raises(InstanceNotFound):
            subject.ask("correlate_message", CorrelateMessage(name="Paid", instance=subject.missing))
        with instance_of(subject) as instance, pytest.raises(InstanceStateConflict):
            subject.ask("correlate_message", CorrelateMessage(name="Paid", instance=instance))

    def test_variable_that_does_not_fit_is_refused_unsent(self, subject: Subject) -> None:
        self._able(subject)
        with pytest.raises(ValueInvalid) as caught:
            subject.ask("correlate_message", CorrelateMessage(name="Paid", local_variables={"v": BENT}))
        assert ([fault.pointer for fault in caught.value.errors], subject.sent) == (["/localVariables/v"], [])

    @staticmethod
    def _able(subject: Subject) -> None:
        if not subject.has("messages.correlate"):
            pytest.skip("has no messages")

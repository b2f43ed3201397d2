"""Where tokens are, and moving them."""

from __future__ import annotations

import pytest
from msgspec import Raw

from gateway.errors import InstanceNotFound, InstanceStateConflict, PreconditionFailed, Unsupported, ValueInvalid
from gateway.model.commands import ListActivities, ListVariables
from gateway.model.etag import Tags
from gateway.model.expect import Expect, View
from gateway.model.modification import Instruction, ModifyInstance, StartValue
from gateway.model.results import Activity
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import Subject
from tests.conformance.values import whole

NUMBER = StartValue(type="integer", format="int32", value=Raw(b"7"))


def places(subject: Subject, instance: str) -> list[Activity]:
    """Where tokens wait; scopes around them are left out."""
    listed = subject.ask("list_activities", ListActivities(instance=instance)).activities
    around = {each.parent for each in listed}
    return [each for each in listed if each.id not in around and each.id != instance]


def modify(subject: Subject, instance: str, *instructions: Instruction, **more: object) -> object:
    return subject.ask("modify_instance", ModifyInstance(instance=instance, instructions=instructions, **more))


def again(place: Activity, **variables: StartValue) -> tuple[Instruction, Instruction]:
    """Leave a place and enter it anew."""
    return (
        Instruction(type="cancel", activity_instance_id=place.id),
        Instruction(type="startBeforeActivity", activity_id=place.activity, variables=variables),
    )


@pytest.fixture(autouse=True)
def able(subject: Subject) -> None:
    if not subject.has("modification"):
        pytest.skip("moves no tokens")


class TestTokens:
    """Activities and modification."""

    def test_new_instance_waits_somewhere_with_a_name(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            assert place.id
            assert place.activity
            assert place.name

    def test_missing_instance_is_said_so(self, subject: Subject) -> None:
        with pytest.raises(InstanceNotFound):
            subject.ask("list_activities", ListActivities(instance=subject.missing))
        with pytest.raises(InstanceNotFound):
            modify(subject, subject.missing, *again(Activity(id="1", activity="x")))
        assert not subject.wrote or subject.has("modification.free")

    def test_token_leaves_and_enters_in_either_order_and_variables_are_set(self, subject: Subject) -> None:
        with instance_of(subject, "m") as instance:
            (before,) = places(subject, instance)
            modify(subject, instance, *again(before, m=NUMBER))
            (between,) = places(subject, instance)
            modify(subject, instance, *reversed(again(between)))
            (after,) = places(subject, instance)
            assert len({before.id, between.id, after.id}) == 3
            assert {before.activity, between.activity, after.activity} == {before.activity}
            assert subject.read(instance, "m").text == b"7"

    def test_token_is_cancelled_by_its_activity(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (before,) = places(subject, instance)
            by_activity = Instruction(type="cancel", activity_id=before.activity)
            modify(subject, instance, again(before)[1], by_activity) if not subject.has(
                "modification.free"
            ) else modify(subject, instance, by_activity, again(before)[1])
            (after,) = places(subject, instance)
            assert after.id != before.id

    def test_nothing_to_cancel_is_a_conflict_and_nothing_is_written(self, subject: Subject) -> None:
        with instance_of(subject, "m") as instance:
            (place,) = places(subject, instance)
            gone = Instruction(type="cancel", activity_instance_id="999")
            with pytest.raises((InstanceStateConflict, ValueInvalid)) as caught:
                modify(subject, instance, gone, again(place, m=NUMBER)[1])
            assert caught.value.outcome == "not_applied"
            assert [fault.pointer for fault in caught.value.errors] == ["/instructions/0/activityInstanceId"]
            assert places(subject, instance) == [place]
            assert subject.read(instance, "m") is None or subject.read(instance, "m").is_null()

    @pytest.mark.parametrize("kind", ["startBeforeActivity", "startAfterActivity"])
    def test_unknown_activity_is_invalid_and_pointed_at(self, subject: Subject, kind: str) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            wrong = Instruction(type=kind, activity_id="nowhere")
            with pytest.raises(ValueInvalid) as caught:
                modify(subject, instance, again(place)[0], wrong)
            assert caught.value.outcome == "not_applied"
            assert [fault.pointer for fault in caught.value.errors] == ["/instructions/1/activityId"]
            assert places(subject, instance) == [place]

    @pytest.mark.parametrize("variables", [{}, {"m": NUMBER}, {"m": StartValue(value=Raw(b"8"))}])
    def test_token_moves_only_where_variables_are_as_expected(
        self, subject: Subject, variables: dict[str, StartValue]
    ) -> None:
        with instance_of(subject, "m", "n") as instance:
            subject.patch(instance, {"m": whole(1)})
            first = Expect(
                matching=Tags(
                    (View().tag_of(subject.ask("list_variables", ListVariables(instance=instance)).variables),)
                )
            )
            (place,) = places(subject, instance)
            modify(subject, instance, *again(place, **variables), expect=first)
            subject.patch(instance, {"m": whole(2)})
            (place,) = places(subject, instance)
            with pytest.raises(PreconditionFailed) as caught:
                modify(subject, instance, *again(place, **variables), expect=first)
            assert (caught.value.outcome, subject.wrote) == ("not_applied", False)
            assert places(subject, instance) == [place]
            with pytest.raises(InstanceNotFound):
                modify(subject, subject.missing, *again(place, **variables), expect=first)
            assert not subject.wrote

    def test_ended_instance_is_told_as_such(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            subject.end(instance)
            with pytest.raises(InstanceNotFound):
                subject.ask("list_activities", ListActivities(instance=instance))
            with pytest.raises(subject.ended) as caught:
                modify(subject, instance, *again(place))
            assert caught.value.outcome == "not_applied"

    def test_ended_instance_has_no_tokens_where_ended_ones_count(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            subject.end(instance)
            listed = subject.ask("list_activities", ListActivities(instance=instance, ended=True))
            assert (listed.activities, listed.instance.id, listed.instance.state) == ((), instance, "terminated")
        with pytest.raises(InstanceNotFound):
            subject.ask("list_activities", ListActivities(instance=subject.missing, ended=True))

    def test_tokens_by_an_execution_are_those_of_its_instance(self, subject: Subject) -> None:
        if subject.nested is None:
            pytest.skip("has no scopes")
        instance, execution, _ = subject.nested()
        inner = subject.ask("list_activities", ListActivities(instance=execution.partition(":")[2]))
        assert inner == subject.ask("list_activities", ListActivities(instance=instance))
        subject.end(instance)

    def test_unknown_activity_cannot_be_cancelled(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            wrong = Instruction(type="cancel", activity_id="nowhere")
            with pytest.raises((ValueInvalid, InstanceStateConflict)) as caught:
                modify(subject, instance, wrong, again(place)[1])
            assert caught.value.outcome == "not_applied"
            assert [fault.pointer for fault in caught.value.errors] == ["/instructions/0/activityId"]
            assert not subject.wrote

    def test_value_that_does_not_fit_is_refused_before_anything_is_written(self, subject: Subject) -> None:
        with instance_of(subject, "m") as instance:
            (place,) = places(subject, instance)
            wrong = StartValue(type="integer", format="int32", value=Raw(b'"x"'))
            with pytest.raises(ValueInvalid) as caught:
                modify(subject, instance, *again(place, m=wrong))
            assert not subject.wrote
            assert [fault.pointer for fault in caught.value.errors] == ["/instructions/1/variables/m"]

    def test_last_token_ends_the_instance_or_stays(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            alone = Instruction(type="cancel", activity_instance_id=place.id)
            if subject.has("modification.free"):
                modify(subject, instance, alone)
                assert not subject.lives(instance)
                return
            with pytest.raises(Unsupported):
                modify(subject, instance, alone)
            assert places(subject, instance) == [place]

    def test_second_token_starts_or_is_refused_before_any_call(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            (place,) = places(subject, instance)
            if subject.has("modification.free"):
                modify(subject, instance, again(place)[1])
                assert len(places(subject, instance)) == 2
                return
            with pytest.raises(Unsupported):
                modify(subject, instance, again(place)[1])
            assert subject.sent == []

    @pytest.mark.parametrize(
        ("feature", "start", "skipped"),
        [
            ("modification.transition", Instruction(type="startTransition", transition_id="toReview"), ()),
            ("modification.local", None, ()),
            ("modification.skip", None, ("skip_custom_listeners",)),
            ("modification.skip", None, ("skip_io_mappings",)),
        ],
    )
    def test_what_only_some_can_is_done_or_refused_before_any_call(
        self, subject: Subject, feature: str, start: Instruction | None, skipped: tuple[str, ...]
    ) -> None:
        with instance_of(subject, "m") as instance:
            (place,) = places(subject, instance)
            value = StartValue(type="integer", format="int32", value=Raw(b"7"), local=feature == "modification.local")
            cancel, again_there = again(place, m=value)
            if subject.has(feature):
                modify(subject, instance, cancel, start or again_there, **dict.fromkeys(skipped, True))
                assert len(places(subject, instance)) == 1
                return
            with pytest.raises(Unsupported):
                modify(subject, instance, cancel, start or again_there, **dict.fromkeys(skipped, True))
            assert subject.sent == []

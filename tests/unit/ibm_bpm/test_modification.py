"""What tokens can say on IBM, in which order it is said, and what is told when it breaks in between."""

from __future__ import annotations

import pytest
from msgspec import Raw

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.fake import Fake, tokens
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.model.modification import Instruction, ModifyInstance, StartValue
from gateway.plan import VendorRequest, VendorResponse
from gateway.port import Credentials

SEVEN = StartValue(type="integer", format="int32", value=Raw(b"7"))
CANCEL = Instruction(type="cancel", activity_id=tokens.CHECK)


class Server:
    """The fake, seen and disturbed: `breaks` tells what the n-th write meets instead of its answer."""

    def __init__(self, **settings: object) -> None:
        self.fake = Fake()
        self.instance = self.fake.start("Claim", {"m": 1})
        self.running = self.fake.instances[self.instance]
        self.engine = IbmBpmEngine("claims", Settings(**settings), Credentials())
        self.sent: list[VendorRequest] = []
        self.breaks: dict[int, Exception] = {}

    def modify(self, *instructions: Instruction, **more: object) -> object:
        command = ModifyInstance(instance=self.instance, instructions=instructions, **more)
        plan = self.engine.modify_instance(command)
        try:
            request = next(plan)
            while True:
                self.sent.append(request)
                broken = self.breaks.get(len(self.written)) if request.writes else None
                request = plan.throw(broken) if broken else plan.send(self.fake.answer(request))
        except StopIteration as done:
            return done.value

    @property
    def written(self) -> list[str]:
        return [dict(each.query).get("action", "variables") for each in self.sent if each.writes]


def start(kind: str = "startBeforeActivity", activity: str = tokens.DECIDE, **variables: StartValue) -> Instruction:
    return Instruction(type=kind, activity_id=activity, variables=variables)


def test_variables_are_written_before_the_token_moves_and_the_comment_comes_last() -> None:
    server = Server()
    server.modify(start(m=SEVEN), CANCEL, annotation="wrong desk", caller="portal")
    assert server.written == ["variables", "moveToken", "comment"]
    assert list(server.running.tokens.at.values()) == [tokens.DECIDE]
    assert server.running.tokens.comments == ["portal: wrong desk"]
    assert str(server.running.variables["m"].text) == "7"


def test_start_after_takes_the_one_line_there_is() -> None:
    server = Server()
    server.modify(CANCEL, start("startAfterActivity", tokens.CHECK))
    assert list(server.running.tokens.at.values()) == [tokens.DECIDE]


@pytest.mark.parametrize("activity", [tokens.DECIDE, tokens.END], ids=["fork", "end"])
def test_start_after_where_lines_fork_or_are_none_is_refused(activity: str) -> None:
    server = Server()
    with pytest.raises(errors.Unsupported) as caught:
        server.modify(CANCEL, start("startAfterActivity", activity))
    assert [fault.pointer for fault in caught.value.errors] == ["/instructions/1/activityId"]
    assert server.written == []


def test_several_tokens_in_one_step_need_the_token_itself() -> None:
    server = Server()
    server.running.tokens.at = {"4": tokens.CHECK, "5": tokens.CHECK}
    with pytest.raises(errors.Unsupported):
        server.modify(CANCEL, start())
    server.modify(Instruction(type="cancel", activity_instance_id="5"))
    assert server.running.tokens.at == {"4": tokens.CHECK}
    assert server.written == ["deleteToken"]


def test_step_without_a_token_is_a_conflict() -> None:
    server = Server()
    with pytest.raises(errors.InstanceStateConflict):
        server.modify(Instruction(type="cancel", activity_id=tokens.DECIDE), start())
    assert server.written == []


@pytest.mark.parametrize(
    "instructions",
    [
        (CANCEL, CANCEL),
        (CANCEL, start(), start()),
        (start(),),
        (Instruction(type="cancel", transition_instance_id="1"), start()),
        (CANCEL, Instruction(type="startBeforeActivity", activity_id="x", ancestor_activity_instance_id="1")),
    ],
    ids=["two-cancels", "two-starts", "no-cancel", "transition", "ancestor"],
)
def test_what_tokens_cannot_say_is_refused_before_any_call(instructions: tuple[Instruction, ...]) -> None:
    server = Server()
    with pytest.raises(errors.Unsupported):
        server.modify(*instructions)
    assert server.sent == []


def test_annotation_is_refused_where_comments_are_switched_off() -> None:
    server = Server(comment_parameter="")
    with pytest.raises(errors.Unsupported):
        server.modify(CANCEL, start(), annotation="why")
    assert server.sent == []


@pytest.mark.parametrize("state", ["Completed", "Terminated"])
def test_ended_instance_is_a_conflict(state: str) -> None:
    server = Server()
    server.running.state = state
    with pytest.raises(errors.InstanceStateConflict):
        server.modify(CANCEL, start())
    assert server.written == []


def test_failure_before_anything_was_written_is_not_applied() -> None:
    server = Server()
    server.breaks[1] = errors.EngineUnavailable(outcome="not_applied")
    with pytest.raises(errors.EngineUnavailable) as caught:
        server.modify(CANCEL, start())
    assert (caught.value.outcome, caught.value.applied) == ("not_applied", ())


def test_failure_after_the_variables_is_partial_and_names_them() -> None:
    server = Server()
    server.breaks[2] = errors.EngineUnavailable()
    with pytest.raises(errors.EngineUnavailable) as caught:
        server.modify(CANCEL, start(m=SEVEN))
    assert (caught.value.outcome, caught.value.applied) == ("partial", ("m",))
    assert list(server.running.tokens.at.values()) == [tokens.CHECK]


def test_unanswered_move_is_unknown_and_still_names_the_variables() -> None:
    server = Server()
    server.breaks[2] = errors.OutcomeUnknown()
    with pytest.raises(errors.OutcomeUnknown) as caught:
        server.modify(CANCEL, start(m=SEVEN))
    assert (caught.value.outcome, caught.value.applied) == ("unknown", ("m",))


def test_comment_that_is_answered_by_a_page_leaves_an_applied_modification() -> None:
    server = Server()
    page = VendorResponse(200, (("content-type", "text/html"),), b"<html>")
    asked = server.fake.answer
    server.fake.answer = lambda request: page if ("action", "comment") in request.query else asked(request)  # type: ignore[method-assign]
    with pytest.raises(errors.EngineMisbehaved) as failed:
        _ = server.modify(CANCEL, start(), annotation="why")
    assert failed.value.outcome == "applied"


def test_comment_that_fails_leaves_an_applied_modification() -> None:
    server = Server()
    server.breaks[2] = errors.OutcomeUnknown()
    with pytest.raises(errors.OutcomeUnknown) as caught:
        server.modify(CANCEL, start(), annotation="why")
    assert caught.value.outcome == "applied"
    assert list(server.running.tokens.at.values()) == [tokens.DECIDE]

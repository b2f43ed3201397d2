"""Modification, as far as tokens can express it: one ``moveToken`` or ``deleteToken``; variables first, comment last.

``POST /process/{id}?action=moveToken&tokenId=…&target=…`` and ``…?action=deleteToken&tokenId=…`` (IBM's admin pages
"Moving tokens" and "Deleting tokens"). Nothing is atomic here, so a failure says what had been done before it.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from adapters.ibm_bpm import faults, patch
from adapters.ibm_bpm.activities import PARTS, Step, Token, steps_in, tokens_in
from adapters.ibm_bpm.instances import ENDED, describe_process, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.wire import TREE
from gateway.errors import (
    EngineError,
    EngineForbidden,
    Fault,
    InstanceStateConflict,
    Unsupported,
    ValueInvalid,
    VarbridgeError,
)
from gateway.model import modification
from gateway.model.commands import PatchVariables
from gateway.model.modification import Instruction, ModifyInstance
from gateway.model.results import InstanceModified, Rule
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse

_ACTIVE = {"active", "suspended", "failed"}


class _Move(msgspec.Struct, frozen=True):
    """The instructions as tokens express them: which one goes and where one is wanted, each with its index."""

    cancel: Instruction
    cancel_at: int
    start: Instruction | None = None
    start_at: int = 0


def modify_instance(engine: str, settings: Settings, command: ModifyInstance) -> Plan[InstanceModified]:
    """Move or delete one token.

    Raises:
        Unsupported: tokens cannot express it; nothing was sent that writes.
        InstanceStateConflict: no token is where ``cancel`` points; ValueInvalid: no such step.
        PreconditionFailed: the variables are not as expected; nothing was sent that writes.
        VarbridgeError: with ``outcome`` partial and the names in ``applied`` where variables had been written.
    """
    move = _plan_move(engine, settings, command)
    token, target = yield from _resolve(engine, command.instance, move)
    rules = yield from _write_variables(engine, settings, command, move)
    query = [("action", "deleteToken" if target is None else "moveToken"), ("tokenId", token.id)]
    if target is not None:
        query += [("target", target.id), ("resume", "true")]
    try:
        yield from _act(engine, command.instance, tuple(query), token, target)
        if (note := command.annotation and command.note()) is not None and settings.comment_parameter:
            yield from _write_comment(engine, command.instance, settings.comment_parameter, note)
    except VarbridgeError as error:
        if move.start is not None and move.start.variables:
            error.applied = tuple(move.start.variables)
            error.outcome = "partial" if error.outcome == "not_applied" else error.outcome
        raise
    return InstanceModified(rules)


def _plan_move(engine: str, settings: Settings, command: ModifyInstance) -> _Move:
    """Refuse what tokens cannot express, before any call."""
    refused: list[Fault] = []
    if command.skip_custom_listeners:
        refused.append(Fault("/skipCustomListeners", "there are no listeners to skip"))
    if command.skip_io_mappings:
        refused.append(Fault("/skipIoMappings", "mappings cannot be skipped"))
    if command.annotation and not settings.comment_parameter:
        refused.append(Fault("/annotation", "comments are switched off (comment_parameter)"))
    cancels = [(index, each) for index, each in enumerate(command.instructions) if not each.starts]
    starts = [(index, each) for index, each in enumerate(command.instructions) if each.starts]
    for index, each in enumerate(command.instructions):
        refused += _inexpressible(index, each)
    if len(cancels) != 1 or len(starts) > 1:
        refused.append(Fault("/instructions", "one cancel, alone or with one start, is all that tokens can express"))
    if refused:
        raise Unsupported("This engine cannot carry out such a modification.", engine=engine, errors=tuple(refused))
    (cancel_at, cancel), (start_at, start) = cancels[0], starts[0] if starts else (0, None)
    return _Move(cancel, cancel_at, start, start_at)


def _inexpressible(index: int, each: Instruction) -> list[Fault]:
    found: list[Fault] = []
    if each.type == "startTransition":
        found.append(Fault(modification.pointer(index, "type"), "lines of this engine have no ids"))
    if each.transition_instance_id is not None:
        found.append(Fault(modification.pointer(index, "transitionInstanceId"), "there are no transition instances"))
    if each.ancestor_activity_instance_id is not None:
        found.append(Fault(modification.pointer(index, "ancestorActivityInstanceId"), "there are no ancestors"))
    for name, value in each.variables.items():
        if value.local:
            at = modification.pointer(index, "variables", name, "local")
            found.append(Fault(at, "variables belong to the instance"))
    return found


def _resolve(
    engine: str, instance: str, move: _Move
) -> Generator[VendorRequest, VendorResponse, tuple[Token, Step | None]]:
    """Read where the tokens are, and return the one that goes and the step that it goes to.

    Raises:
        InstanceStateConflict: no token is there; Unsupported: several are, or it is the last.
        ValueInvalid: the diagram has no such step.
    """
    wire = yield from describe_process(engine, instance, PARTS, ended=True)
    if state_of(wire) not in _ACTIVE:
        raise InstanceStateConflict("The instance takes no modification in this state.", engine=engine)
    if move.start is not None and wire.diagram is None:
        raise faults.lacking(engine, "the diagram")
    steps, tokens = steps_in(wire), tokens_in(wire)
    token = _choose_token(engine, move, steps, tokens)
    if move.start is None:
        if len(tokens) == 1:
            raise Unsupported(
                "Deleting the last token would end the instance.",
                engine=engine,
                errors=(Fault(modification.pointer(move.cancel_at), "the last token"),),
            )
        return token, None
    return token, _find_target(engine, move.start, move.start_at, steps)


def _choose_token(engine: str, move: _Move, steps: dict[str, Step], tokens: tuple[Token, ...]) -> Token:
    cancel = move.cancel
    key = "activityId" if cancel.activity_id is not None else "activityInstanceId"
    at = modification.pointer(move.cancel_at, key)
    if cancel.activity_id is not None:
        found = [token for token in tokens if token.activity == cancel.activity_id]
        if not found and steps and cancel.activity_id not in steps:
            raise _unknown(engine, at)
    else:
        found = [token for token in tokens if token.id == cancel.activity_instance_id]
    if not found:
        raise InstanceStateConflict(
            "There is nothing to cancel: no token is there.", engine=engine, errors=(Fault(at, "no token"),)
        )
    if len(found) > 1:
        detail = "Several tokens are in this activity; name one by activityInstanceId."
        raise Unsupported(detail, engine=engine, errors=(Fault(at, "several tokens"),))
    return found[0]


def _find_target(engine: str, start: Instruction, index: int, steps: dict[str, Step]) -> Step:
    at = modification.pointer(index, "activityId")
    step = steps.get(start.activity_id or "")
    if step is None:
        raise _unknown(engine, at)
    if start.type == "startBeforeActivity":
        return step
    after = steps.get(step.lines[0]) if len(step.lines) == 1 else None
    if after is None:
        detail = "Only where one line leads to one step can be started after an activity."
        raise Unsupported(detail, engine=engine, errors=(Fault(at, "no single line"),))
    return after


def _unknown(engine: str, at: str) -> ValueInvalid:
    return ValueInvalid("The diagram has no such step.", engine=engine, errors=(Fault(at, "unknown step"),))


def _write_variables(
    engine: str, settings: Settings, command: ModifyInstance, move: _Move
) -> Generator[VendorRequest, VendorResponse, tuple[Rule, ...]]:
    """Write what the start brings along; with nothing to write, only what is expected is checked."""
    given = move.start.variables if move.start is not None else {}
    if not given and command.expect is None:
        return ()
    change = PatchVariables(
        instance=command.instance,
        modifications={
            name: Value(**{field: getattr(value, field) for field in Value.__struct_fields__})
            for name, value in given.items()
        },
        pointers={name: modification.pointer(move.start_at, "variables", name) for name in given},
        expect=command.expect,
    )
    return (yield from patch.patch_variables(engine, settings, change)).rules


def _act(
    engine: str, instance: str, query: tuple[tuple[str, str], ...], token: Token, target: Step | None
) -> Generator[VendorRequest, VendorResponse, None]:
    """Move or delete; after an error that may have come too late, a read shows whether the token is still there."""
    answer = yield _post(instance, query)
    error = faults.translate(engine, answer, "token")
    if error is None:
        _ = faults.data_of(engine, answer, "token", TREE)
        return
    if error.engine_code == faults.NO_SUCH_OBJECT:
        gone = "The token is no longer there."
        raise InstanceStateConflict(gone, engine=engine, engine_status=answer.status, engine_code=error.engine_code)
    if isinstance(error, (EngineError, EngineForbidden)):
        wire = yield from describe_process(engine, instance, PARTS, ended=True)
        if isinstance(error, EngineForbidden) and state_of(wire) not in _ACTIVE:
            raise InstanceStateConflict(engine=engine, engine_status=answer.status, engine_code=error.engine_code)
        still = token in tokens_in(wire) or (target is not None and target.id == token.activity)
        error.outcome = "not_applied" if still else "unknown" if state_of(wire) in ENDED else "applied"
    raise error


def _write_comment(
    engine: str, instance: str, parameter: str, note: str
) -> Generator[VendorRequest, VendorResponse, None]:
    """Write the annotation as a comment.

    Raises:
        VarbridgeError: with ``outcome`` applied: the token has moved all the same.
    """
    try:
        answer = yield _post(instance, (("action", "comment"), (parameter, note)))
        error = faults.translate(engine, answer, "comment")
        if error is None:
            faults.check_done(engine, answer)
    except VarbridgeError as broken:
        error = broken
    if error is not None:
        error.detail = "The modification was carried out; its comment was not written."
        error.outcome = "applied"
        raise error


def _post(instance: str, query: tuple[tuple[str, str], ...]) -> VendorRequest:
    return VendorRequest(
        method="POST",
        path=("process", instance),
        query=query,
        headers=(("Accept", "application/json"),),
        writes=True,
        idempotent=False,
    )

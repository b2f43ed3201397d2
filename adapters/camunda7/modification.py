"""Modification: one ``POST /process-instance/{id}/modification``, in order, all or nothing.

The asynchronous twin is not used: it takes variables and drops them without a word (seen live on 7.24).
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from adapters.camunda7 import activities, faults, patch, scopes, variables, wire
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_value, decode, encode
from gateway.errors import Fault, InstanceNotFound, InstanceStateConflict, InvalidRequest, ValueInvalid
from gateway.model import modification
from gateway.model.commands import ListVariables
from gateway.model.modification import Instruction, ModifyInstance, StartValue
from gateway.model.results import InstanceModified, Rule
from gateway.model.scope import INSTANCE, parse_scope
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse

_NO_CONTENT, _BAD, _FAILED = 204, 400, 500
_MISSING = "ENGINE-13036"  # Process instance '…' cannot be modified. The process instance does not exist
_ELEMENT = re.compile(r"'([^']*)'")
_AMBIGUOUS = "Ancestor activity execution is ambiguous for activity"
_AFTER = re.compile(
    r"Cannot start after activity (.*); activity has (?:no|more than one) outgoing sequence flow", re.DOTALL
)
_IDS = (
    ("activityId", "activity_id"),
    ("transitionId", "transition_id"),
    ("activityInstanceId", "activity_instance_id"),
    ("transitionInstanceId", "transition_instance_id"),
    ("ancestorActivityInstanceId", "ancestor_activity_instance_id"),
)


def modify_instance(engine: str, settings: Settings, command: ModifyInstance) -> Plan[InstanceModified]:
    """Cancel and start activities.

    Raises:
        ValueInvalid: a variable, or an id that the instance does not have, with its pointer; nothing was applied.
        InstanceStateConflict: suspended, or nothing is there to cancel; InstanceNotFound: no such instance.
        PreconditionFailed: the variables are not as expected; nothing was sent that writes.
    """
    stored, root = yield from _stored(engine, settings, command)
    if root != (command.root or command.instance):
        return InstanceModified(elsewhere=root)
    written = [_instruction(index, each, settings, stored) for index, each in enumerate(command.instructions)]
    yield from _check_cancelled(engine, command)
    body: dict[str, Any] = {
        "skipCustomListeners": command.skip_custom_listeners,
        "skipIoMappings": command.skip_io_mappings,
        "instructions": [instruction for instruction, _ in written],
    }
    if (note := command.note()) is not None:
        body["annotation"] = note
    answer = yield VendorRequest(
        method="POST",
        path=("process-instance", command.instance, "modification"),
        headers=wire.JSON,
        body=wire.encoder.encode(body),
        writes=True,
        idempotent=False,
    )
    if answer.status != _NO_CONTENT:
        yield from _failed(engine, answer, command)
    return InstanceModified(tuple(rule for _, rules in written for rule in rules))


def _stored(
    engine: str, settings: Settings, command: ModifyInstance
) -> Generator[VendorRequest, VendorResponse, tuple[dict[str, Value], str]]:
    """Return stored values whose types untyped ones keep, and the instance; nothing is asked where all are typed.

    Raises:
        PreconditionFailed: the variables are not as expected.
    """
    names = [
        name
        for each in command.instructions
        for name, value in each.variables.items()
        if settings.keep_type and not value.local and patch.needs_stored_type(value)
    ]
    held = command.root or command.instance
    if command.expect is not None:
        entry = yield from scopes.enter(engine, parse_scope(INSTANCE), command.instance)
        sight = yield from scopes.read_sight(engine, settings, entry, None, held, sure=True)
        if sight.root == held:
            yield from patch.check_expected(engine, settings, command.expect, sight, command.instance)
        return {row.name: decode(row, settings) for row in sight.seen if row.name in names}, sight.root
    if not names:
        return {}, held
    asked = ListVariables(instance=command.instance, names=tuple(dict.fromkeys(names)))
    found = yield from variables.list_variables(engine, settings, asked)
    return {each.name: each.value for each in found.variables}, found.root or held


def _instruction(
    index: int, each: Instruction, settings: Settings, stored: dict[str, Value]
) -> tuple[dict[str, Any], list[Rule]]:
    """Return an instruction in the vendor's words, and the rules by which its variables differ from what was given."""
    body: dict[str, Any] = {"type": each.type}
    body |= {key: given for key, member in _IDS if (given := getattr(each, member)) is not None}
    if not each.variables:
        return body, []
    body["variables"] = {}
    rules: list[Rule] = []
    for name, value in each.variables.items():
        at = modification.pointer(index, "variables", name)
        written, rule = encode(name, _typed(name, value, settings, stored, at), settings, at)
        body["variables"][name] = _value(written, local=value.local)
        rules += [] if rule is None else [Rule(rule, name)]
    return body, rules


def _value(written: wire.WireValue, *, local: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": written.type, "value": written.value}
    if written.valueInfo is not None:
        shown["valueInfo"] = written.valueInfo
    return shown | ({"local": True} if local else {})


def _typed(name: str, value: StartValue, settings: Settings, stored: dict[str, Value], at: str) -> Value:
    plain = Value(**{field: getattr(value, field) for field in Value.__struct_fields__})
    return (
        check_value(plain, settings, at)
        if value.local
        else patch.with_stored_type(plain, stored.get(name), settings, at)
    )


def _check_cancelled(engine: str, command: ModifyInstance) -> Generator[VendorRequest, VendorResponse, None]:
    """Refuse to cancel an activity that has no token: the engine would answer 204 and do nothing (seen live).

    Raises:
        InstanceStateConflict: no token is there, and no instruction before starts one.
    """
    wanted: dict[str, int] = {}
    started: set[str] = set()
    for index, each in enumerate(command.instructions):
        if each.starts:
            started |= {each.activity_id or ""}
        elif each.activity_id is not None and each.activity_id not in started:
            wanted.setdefault(each.activity_id, index)
    if not wanted or any(each.type in {"startAfterActivity", "startTransition"} for each in command.instructions):
        return
    tree = yield from activities.read_tree(engine, command.instance)
    active = {each.activity for each in activities.flatten(tree)}
    if missing := [name for name in wanted if name not in active]:
        raise InstanceStateConflict(
            "There is nothing to cancel: no token is in this activity.",
            engine=engine,
            errors=tuple(Fault(modification.pointer(wanted[name], "activityId"), "not active") for name in missing),
        )


def _failed(engine: str, answer: VendorResponse, command: ModifyInstance) -> faults.Failing:
    """Raise the error that the answer to a refused modification stands for.

    Raises:
        VarbridgeError: always; the engine has rolled back.
    """
    body = faults.error_of(answer)
    message = body.message or ""
    if answer.status == _FAILED and _MISSING in message:
        yield from faults.confirm(engine, command.instance)
        raise InstanceNotFound(engine=engine, engine_status=_FAILED)
    if answer.status == _FAILED and (undecided := _undecided(message, command)):
        detail = "The engine cannot tell where to start: there are several ways, or none."
        raise ValueInvalid(
            detail,
            engine=engine,
            engine_status=_FAILED,
            engine_code=body.type,
            errors=tuple(Fault(at, said) for at, said in undecided),
        )
    if answer.status == _BAD and body.type == "NotValidException":
        detail = "The instance has no such element."
        where = _at(message, command)
        raise ValueInvalid(
            detail,
            engine=engine,
            engine_status=_BAD,
            engine_code=body.type,
            errors=tuple(Fault(at, detail) for at in where),
        )
    if answer.status == _BAD and body.type == "InvalidRequestException":
        error = faults.translate(engine, answer, writes=True)
        raise (
            error
            if not isinstance(error, InvalidRequest)
            else InvalidRequest(
                "The engine does not take the instructions.", engine=engine, engine_status=_BAD, engine_code=body.type
            )
        )
    yield from faults.failed(engine, answer, command.instance, writes=True)
    raise AssertionError


def _undecided(message: str, command: ModifyInstance) -> list[tuple[str, str]]:
    """Return pointer and reason of each start that the engine cannot decide: a 500 that is the caller's fault.

    Seen live on 7.24: ``Ancestor activity execution is ambiguous for activity Activity(vote#multiInstanceBody)`` and
    ``Cannot start after activity fork; activity has more than one outgoing sequence flow``.
    """
    starts = [(index, each) for index, each in enumerate(command.instructions) if each.starts]
    if message.startswith(_AMBIGUOUS):
        return [
            (modification.pointer(index, "ancestorActivityInstanceId"), "several scopes could be meant")
            for index, each in starts
            if each.ancestor_activity_instance_id is None
        ]
    found = _AFTER.match(message)
    return [
        (modification.pointer(index, "activityId"), "not exactly one sequence flow leaves it")
        for index, each in starts
        if found is not None and each.type == "startAfterActivity" and each.activity_id == found.group(1)
    ]


def _at(message: str, command: ModifyInstance) -> list[str]:
    """Return the pointers of the ids in the request that the engine's message quotes."""
    quoted = set(_ELEMENT.findall(message))
    return [
        modification.pointer(index, key)
        for index, each in enumerate(command.instructions)
        for key, member in _IDS
        if getattr(each, member) in quoted
    ]

"""Variables: listed, read and patched. The engine reads all or nothing and replaces whole values.

``GET /process/{id}?parts=header|data`` is the only read; ``PUT /process/{id}/variables`` the only write used, because
its body is an object whatever the values are. A patch is two calls, however many variables it has. Nothing documents
that the write is atomic, so after a refusal a read tells what it has changed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import msgspec

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.instances import described, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values import check_name, decode, encode
from adapters.ibm_bpm.values.encode import Encoded, placed
from adapters.ibm_bpm.values.trees import METADATA, clean, same
from adapters.ibm_bpm.wire import WireDetails, error_in, succeeded, writing
from gateway.errors import (
    EngineFailure,
    EngineMisbehaved,
    Fault,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidJson,
    InvalidRequest,
    PayloadTooLarge,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model import jsontext
from gateway.model.commands import GetVariable, ListVariables, PatchVariables
from gateway.model.jsontext import Tree
from gateway.model.merge import merged
from gateway.model.results import Rule, Variable, VariableRead, VariablesListed, VariablesPatched
from gateway.model.values import ABSENT, Value, checked, text_of
from gateway.plan import Plan, VendorRequest, VendorResponse

_DEPTH = 900
"""Levels of nesting taken from the engine; below what this side's parser can."""
_BLOBS = {"bytes", "file"}
_WRITABLE = {"active", "suspended", "failed"}
Trees = dict[str, Tree]


def listed(engine: str, settings: Settings, command: ListVariables) -> Plan[VariablesListed]:
    """List variables; those that the engine shows, for unset ones may be left out by it.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended.
    """
    if command.scope not in {"instance", "all"}:
        raise Unsupported("This engine has the instance's scope only.", engine=engine)
    stored = yield from _stored(engine, command.instance)
    wanted = None if command.names is None else frozenset(command.names)
    found = [_listed(name, decode(name, tree, settings)) for name, tree in stored.items() if _in(name, wanted)]
    return VariablesListed(tuple(found))


def _in(name: str, wanted: frozenset[str] | None) -> bool:
    return wanted is None or name in wanted


def _listed(name: str, value: Value) -> Variable:
    if value.type not in _BLOBS:
        return Variable(name=name, value=value)
    text = text_of(value.text)
    size = len(text) * 3 // 4 - text[-2:].count("=")
    return Variable(name=name, value=msgspec.structs.replace(value, value=ABSENT), size=size)


def read(engine: str, settings: Settings, command: GetVariable) -> Plan[VariableRead]:
    """Read one variable, by reading all.

    Raises:
        VariableNotFound: not declared, or unset. InstanceNotFound: no such instance, or it has ended.
    """
    if command.scope not in {"instance", "all"}:
        raise Unsupported("This engine has the instance's scope only.", engine=engine)
    stored = yield from _stored(engine, command.instance)
    if command.name not in stored:
        raise VariableNotFound(engine=engine)
    return VariableRead(Variable(name=command.name, value=decode(command.name, stored[command.name], settings)))


def _stored(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Trees]:
    return _trees(engine, (yield from described(engine, instance, "header|data")))


def _trees(engine: str, wire: WireDetails) -> Trees:
    try:
        tree = jsontext.parse(bytes(wire.variables), depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge) as error:
        raise EngineMisbehaved("The engine's variables cannot be read.", engine=engine) from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise EngineMisbehaved("The engine's variables are no JSON object.", engine=engine)
    return {name: value for name, value in tree.items() if name != METADATA}


def patched(engine: str, settings: Settings, command: PatchVariables) -> Plan[VariablesPatched]:
    """Set, merge and delete: read all, then write all that changes with one ``PUT``.

    Raises:
        ValueInvalid, ValueNotRepresentable, Unsupported, InvalidRequest: before anything is sent.
        VariableNotFound, InstanceStateConflict, EngineForbidden, EngineError: with the outcome that a read has shown.
    """
    encoded = {
        name: encode(name, _hinted(name, value, settings, command.pointer(name)), settings, command.pointer(name))
        for name, value in command.modifications.items()
    }
    _check_deletions(engine, settings, command)
    before = yield from _stored(engine, command.instance)
    for name, patch in command.merges.items():
        encoded[name] = _merged(name, before.get(name), bytes(patch), settings, command.pointer(name))
    body = {name: placed(each.tree, before.get(name), settings) for name, each in encoded.items()}
    body |= dict.fromkeys(command.deletions)
    if body:
        yield from _write(engine, command, body, before)
    rules = [Rule(each.rule, name) for name, each in encoded.items() if each.rule and name not in command.deletions]
    return VariablesPatched((*rules, *(Rule("delete-set-null", name) for name in command.deletions)))


def _hinted(name: str, value: Value, settings: Settings, pointer: str) -> Value:
    """Give a checked value; one without a type takes the declared type where it fits, as ``keep_type`` says."""
    hint = settings.types.get(name)
    if hint is not None and value.type is None:
        try:
            return checked(msgspec.structs.replace(value, type=hint), pointer)
        except (InvalidRequest, ValueInvalid, ValueNotRepresentable):
            return checked(value, pointer)
    return checked(value, pointer)


def _check_deletions(engine: str, settings: Settings, command: PatchVariables) -> None:
    for name in command.deletions:
        check_name(name)
    if command.deletions and settings.deletions == "refuse":
        faults_ = tuple(Fault(f"/deletions/{index}", "refused") for index, _ in enumerate(command.deletions))
        raise Unsupported(
            "This engine cannot delete a variable and is set to refuse it.", engine=engine, errors=faults_
        )


def _merged(name: str, stored: Tree, patch: bytes, settings: Settings, pointer: str) -> Encoded:
    target = stored if settings.metadata == "as_given" else clean(stored)
    text = msgspec.Raw(jsontext.write(merged(target, jsontext.parse(patch))))
    return encode(name, checked(Value(value=text), pointer), settings, pointer)


def _write(
    engine: str, command: PatchVariables, body: Mapping[str, Tree], before: Trees
) -> Generator[VendorRequest, VendorResponse, None]:
    answer = yield writing("process", command.instance, "variables", body=jsontext.write(body))
    error = faults.found(engine, answer, writes=True)
    if error is None:
        _check_success(engine, answer)
        return
    error.errors = _at_fault(command, answer, error)
    if faults.unsettled(error) or error.engine_code == faults.NOT_NOW:
        yield from _settle(engine, command.instance, body, before, error)
    raise error


def _at_fault(command: PatchVariables, answer: VendorResponse, error: VarbridgeError) -> tuple[Fault, ...]:
    """Point at the names that the engine's parameters tell; other parameters may be values and go nowhere."""
    told = error_in(answer)
    named = set(told.parameters) if told else set()
    faulty = [(command.pointer(name), name) for name in (*command.modifications, *command.merges)]
    faulty += [(f"/deletions/{index}", name) for index, name in enumerate(command.deletions)]
    return tuple(Fault(pointer, error.title()) for pointer, name in faulty if name in named)


def _check_success(engine: str, answer: VendorResponse) -> None:
    if answer.status != 200 or not answer.content().strip():  # noqa: PLR2004
        raise EngineMisbehaved(
            "The engine's answer to the write is no success that is documented.",
            engine=engine,
            engine_status=answer.status,
        )
    _ = succeeded(answer, engine)


def _settle(
    engine: str, instance: str, body: Mapping[str, Tree], before: Trees, error: VarbridgeError
) -> Generator[VendorRequest, VendorResponse, None]:
    """Read once more, so that the error says what the refused write has changed.

    Raises:
        VarbridgeError: always; InstanceNotFound or InstanceStateConflict where the read shows that.
    """
    try:
        wire = yield from described(engine, instance, "header|data")
        after = _trees(engine, wire)
    except InstanceNotFound as gone:
        if error.engine_code == faults.NOT_NOW and gone.engine_status is None:
            raise _not_now(error) from gone
        raise gone from error
    except EngineFailure:
        error.outcome = "unknown"
        raise error from None
    if error.engine_code == faults.NOT_NOW:
        raise error if state_of(wire) in _WRITABLE else _not_now(error)
    changed = [name for name, tree in body.items() if not same(clean(before.get(name)), clean(tree))]
    applied = tuple(name for name in changed if same(clean(after.get(name)), clean(body[name])))
    if applied:
        error.outcome = "applied" if len(applied) == len(changed) else "partial"
        error.applied = applied
    raise error


def _not_now(error: VarbridgeError) -> InstanceStateConflict:
    return InstanceStateConflict(engine=error.engine, engine_status=error.engine_status, engine_code=error.engine_code)

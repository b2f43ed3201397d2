"""Patches: set, changed in parts and deleted, by reading all and writing with one ``PUT /process/{id}/variables``.

That call is the only write used, because its body is an object whatever the values are. A patch is two calls, however
many variables it has. Nothing documents that the write is atomic, so after a refusal a read tells what it has changed.
The counterpart of ``variables``, which reads for callers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import msgspec

from adapters.ibm_bpm import faults, scopes
from adapters.ibm_bpm.faults import Written
from adapters.ibm_bpm.instances import described, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models
from adapters.ibm_bpm.values.decode import decode
from adapters.ibm_bpm.values.encode import Encoded, check_name, encode, placed
from adapters.ibm_bpm.values.partial import patched_tree
from adapters.ibm_bpm.values.trees import clean, same
from adapters.ibm_bpm.variables import Trees, in_list, stored_in, trees_in, typed_in
from adapters.ibm_bpm.wire import error_in, succeeded, writing
from gateway.errors import (
    EngineFailure,
    EngineMisbehaved,
    Fault,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidRequest,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model import jsontext, verify
from gateway.model.commands import PatchVariables
from gateway.model.etag import BLOBS
from gateway.model.jsontext import Tree
from gateway.model.merge import merged
from gateway.model.results import Rule, Variable, VariablesPatched
from gateway.model.values import Value, checked
from gateway.plan import Plan, VendorRequest, VendorResponse

_WRITABLE = {"active", "suspended", "failed"}


def patched(
    engine: str, settings: Settings, command: PatchVariables, models: Models | None = None
) -> Plan[VariablesPatched]:
    """Set, merge, patch and delete: read all, then write all that changes with one ``PUT``.

    Raises:
        ValueInvalid, ValueNotRepresentable, Unsupported, InvalidRequest: before anything is sent.
        PreconditionFailed, PayloadTooLarge: before anything is written.
        VariableNotFound, InstanceStateConflict, EngineForbidden, EngineError: with the outcome that a read has shown.
        ConcurrentUpdate: the read after the write shows something else.
    """
    scopes.check(engine, command.scope)
    verify.refuse_transient(engine, command)
    before: Trees | None = None
    if settings.declared_types == "model":
        settings, before = yield from typed_in(engine, settings, command.instance, models)
    encoded = {
        name: encode(name, hinted(name, value, settings, command.pointer(name)), settings, command.pointer(name))
        for name, value in command.modifications.items()
    }
    _check_deletions(engine, settings, command)
    if before is None:
        before = yield from stored_in(engine, command.instance)
    _check(engine, settings, command, before)
    for name, patch in command.merges.items():
        encoded[name] = _merged(name, before.get(name), bytes(patch), settings, command)
    body = {name: placed(each.tree, before.get(name), settings) for name, each in encoded.items()}
    for name in command.patches:
        encoded[name] = _patched(engine, name, before, settings, command)
        body[name] = encoded[name].tree
    body |= dict.fromkeys(command.deletions)
    if body:
        yield from _write(engine, command, body, before)
    if body and command.verify:
        yield from _verify(engine, command, body)
    rules = [Rule(rule, name) for name, each in encoded.items() if name not in command.deletions for rule in each.rules]
    return VariablesPatched((*rules, *(Rule("delete-set-null", name) for name in command.deletions)))


def hinted(name: str, value: Value, settings: Settings, pointer: str) -> Value:
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


def _check(engine: str, settings: Settings, command: PatchVariables, before: Trees) -> None:
    """Make sure that the variables are as the caller expects.

    Raises:
        PreconditionFailed: they are not.
    """
    expect = command.expect
    if expect is None:
        return
    decoded = {name: decode(name, tree, settings) for name, tree in before.items()}
    expect.check(
        (
            Variable(name=name, value=value) if name == expect.name else in_list(name, value)
            for name, value in decoded.items()
        ),
        engine,
    )


def _merged(name: str, stored: Tree, patch: bytes, settings: Settings, command: PatchVariables) -> Encoded:
    target = stored if settings.metadata == "as_given" else clean(stored)
    text = command.bounds.text(merged(target, jsontext.parse(patch, depth=command.bounds.max_depth)))
    return encode(name, checked(Value(value=text), command.pointer(name)), settings, command.pointer(name))


def _patched(engine: str, name: str, before: Trees, settings: Settings, command: PatchVariables) -> Encoded:
    """Give what a JSON patch makes of a stored value, as it is written.

    Raises:
        VariableNotFound: it is not set. ValueInvalid, PreconditionFailed, PayloadTooLarge: the patch does not apply.
    """
    if name not in before:
        raise VariableNotFound(engine=engine)
    pointer = command.pointer(name)
    if decode(name, before[name], settings).type in BLOBS:
        detail = "A value of this type is not changed in parts."
        raise ValueInvalid(detail, errors=(Fault(pointer, detail),))
    tree = patched_tree(before[name], command.patches[name], command.bounds, settings)
    seen = tree if settings.metadata == "as_given" else clean(tree)
    value = hinted(name, Value(value=command.bounds.text(seen)), settings, pointer)
    encoded = encode(name, value, settings, pointer)
    return Encoded(tree, encoded.rules) if isinstance(tree, (dict, list)) else encoded


def _write(
    engine: str, command: PatchVariables, body: Mapping[str, Tree], before: Trees
) -> Generator[VendorRequest, VendorResponse, None]:
    answer = yield writing("process", command.instance, "variables", body=jsontext.write(body))
    error = faults.translated(engine, answer, "write")
    if error is None:
        _check_success(engine, answer)
        return
    faults.point_out(error, error_in(answer), _written(command, body))
    if faults.unsettled(error) or error.engine_code == faults.NOT_NOW:
        yield from _settle(engine, command.instance, body, before, error)
    raise error


def _written(command: PatchVariables, body: Mapping[str, Tree]) -> list[Written]:
    """Return what was sent of each name, for errors to point at."""
    found = [
        Written(name, command.pointer(name), structured=isinstance(body[name], (dict, list)))
        for name in command.written
        if name not in command.deletions
    ]
    return [*found, *(Written(name, f"/deletions/{index}") for index, name in enumerate(command.deletions))]


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
        after = trees_in(engine, wire)
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


def _verify(
    engine: str, command: PatchVariables, body: Mapping[str, Tree]
) -> Generator[VendorRequest, VendorResponse, None]:
    """Read back what was written.

    Raises:
        ConcurrentUpdate: it is not what is there. EngineFailure: it could not be read, with the outcome ``applied``.
    """
    try:
        after = yield from stored_in(engine, command.instance)
    except EngineFailure as error:
        error.outcome = "applied"
        raise
    held = {name for name, tree in body.items() if same(clean(after.get(name)), clean(tree))}
    verify.compared(engine, command, held)

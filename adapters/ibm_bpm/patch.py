"""Patches: set, changed in parts and deleted, by reading all and writing with one ``PUT /process/{id}/variables``.

That call is the only write used, because its body is an object whatever the values are. A patch is two calls, however
many variables it has. Nothing documents that the write is atomic, so after a refusal a read shows what it has changed.
The counterpart of ``variables``, which reads for callers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import msgspec

from adapters.ibm_bpm import faults, scopes
from adapters.ibm_bpm.faults import Written
from adapters.ibm_bpm.instances import ENDED, describe_process, state_of
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models
from adapters.ibm_bpm.values.decode import decode, in_list, variable_of
from adapters.ibm_bpm.values.encode import Encoded, check_name, encode, place
from adapters.ibm_bpm.values.envelope import is_like_envelope
from adapters.ibm_bpm.values.partial import apply_patch
from adapters.ibm_bpm.values.stored import Stored, stored_in
from adapters.ibm_bpm.values.trees import clean, same
from adapters.ibm_bpm.variables import PARTS, read_stored, typed
from adapters.ibm_bpm.wire import WireDetails, error_in, is_success, put
from gateway.errors import (
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
from gateway.model.merge import merge_patch
from gateway.model.results import Rule, VariablesPatched
from gateway.model.values import Value, check_value
from gateway.plan import Plan, VendorRequest, VendorResponse

_WRITABLE = {"active", "suspended", "failed"}
_REFUSED = (ValueInvalid, VariableNotFound, InvalidRequest)
"""Errors that say that a name was refused, and not just that the engine failed."""


def patch_variables(
    engine: str, settings: Settings, command: PatchVariables, models: Models | None = None
) -> Plan[VariablesPatched]:
    """Set, merge, patch and delete: read all, then write all that changes with one ``PUT``.

    Raises:
        ValueInvalid, ValueNotRepresentable, Unsupported, InvalidRequest: before anything is sent.
        PreconditionFailed, PayloadTooLarge, InstanceStateConflict, EngineMisbehaved: before anything is written.
        VariableNotFound, InstanceStateConflict, EngineForbidden, EngineError: with the outcome that a read has shown.
        ConcurrentUpdate: the read after the write shows something else.
    """
    scopes.check(engine, command.scope)
    verify.refuse_transient(engine, command)
    wire: WireDetails | None = None
    if settings.declared_types == "model":
        wire = yield from _read_to_write(engine, command.instance)
        settings = yield from typed(engine, settings, command.instance, wire, models)
    encoded = {
        name: encode(name, apply_hint(name, value, settings, command.pointer(name)), settings, command.pointer(name))
        for name, value in command.modifications.items()
    }
    _check_deletions(engine, settings, command)
    if wire is None:
        wire = yield from _read_to_write(engine, command.instance)
    before = stored_in(engine, bytes(wire.variables))
    _check_expected(engine, settings, command, before)
    for name in command.partial:
        _refuse_blob(name, before, settings, command.pointer(name))
    for name, patch in command.merges.items():
        encoded[name] = _merge(name, before.tree(name), bytes(patch), settings, command)
    body = {name: place(name, each, before, settings) for name, each in encoded.items()}
    for name in command.patches:
        encoded[name] = _patch(engine, name, before, settings, command)
        body[name] = encoded[name].tree
    body |= dict.fromkeys(command.deletions)
    if body:
        yield from _write(engine, command, body, before)
    if body and command.verify:
        yield from _verify(engine, command, body)
    rules = [Rule(rule, name) for name, each in encoded.items() if name not in command.deletions for rule in each.rules]
    return VariablesPatched((*rules, *(Rule("delete-set-null", name) for name in command.deletions)))


def apply_hint(name: str, value: Value, settings: Settings, pointer: str) -> Value:
    """Return a checked value; one without a type takes the declared type where it fits, as ``keep_type`` says."""
    hint = settings.types.get(name)
    if hint is not None and value.type is None:
        try:
            return check_value(msgspec.structs.replace(value, type=hint), pointer)
        except (InvalidRequest, ValueInvalid, ValueNotRepresentable):
            return check_value(value, pointer)
    return check_value(value, pointer)


def _read_to_write(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, WireDetails]:
    """Read an instance that is to be written; IBM's page "variable-put" answers 409 for one that has ended.

    Raises:
        InstanceStateConflict: it has ended. InstanceNotFound: there is none.
    """
    wire = yield from describe_process(engine, instance, PARTS, ended=True)
    if state_of(wire) in ENDED:
        raise InstanceStateConflict("The instance has ended, so its variables are only read.", engine=engine)
    return wire


def _check_deletions(engine: str, settings: Settings, command: PatchVariables) -> None:
    for name in command.deletions:
        check_name(name)
    if command.deletions and settings.deletions == "refuse":
        faults_ = tuple(Fault(command.deletion_pointer(index), "refused") for index, _ in enumerate(command.deletions))
        raise Unsupported(
            "This engine cannot delete a variable and is set to refuse it.", engine=engine, errors=faults_
        )


def _check_expected(engine: str, settings: Settings, command: PatchVariables, before: Stored) -> None:
    """Make sure that the variables are as the caller expects.

    Raises:
        PreconditionFailed: they are not.
    """
    expect = command.expect
    if expect is None:
        return
    names = before if expect.names is None else {*expect.names, *expect.touched}.intersection(before)
    found = (variable_of(name, before, settings) for name in names)
    expect.check((each if each.name == expect.name else in_list(each) for each in found), engine)


def _refuse_blob(name: str, before: Stored, settings: Settings, pointer: str) -> None:
    """Refuse to change bytes or a file in parts.

    Raises:
        ValueInvalid: the variable holds one.
    """
    if is_like_envelope(before.text(name)) and decode(name, before, settings).type in BLOBS:
        detail = "A value of this type is not changed in parts."
        raise ValueInvalid(detail, errors=(Fault(pointer, detail),))


def _merge(name: str, stored: Tree, patch: bytes, settings: Settings, command: PatchVariables) -> Encoded:
    target = stored if settings.metadata == "as_given" else clean(stored)
    text = command.bounds.text(merge_patch(target, jsontext.parse(patch, depth=command.bounds.max_depth)))
    return encode(name, check_value(Value(value=text), command.pointer(name)), settings, command.pointer(name))


def _patch(engine: str, name: str, before: Stored, settings: Settings, command: PatchVariables) -> Encoded:
    """Return what a JSON patch makes of a stored value, as it is written.

    Raises:
        VariableNotFound: it is not set. ValueInvalid, PreconditionFailed, PayloadTooLarge: the patch does not apply.
    """
    if name not in before:
        raise VariableNotFound(engine=engine).among(before, name)
    pointer = command.pointer(name)
    tree = apply_patch(before.tree(name), command.patches[name], command.bounds, settings)
    seen = tree if settings.metadata == "as_given" else clean(tree)
    value = apply_hint(name, Value(value=command.bounds.text(seen)), settings, pointer)
    encoded = encode(name, value, settings, pointer)
    return Encoded(tree, encoded.rules) if isinstance(tree, (dict, list)) else encoded


def _write(
    engine: str, command: PatchVariables, body: Mapping[str, Tree], before: Stored
) -> Generator[VendorRequest, VendorResponse, None]:
    answer = yield put("process", command.instance, "variables", body=jsontext.write(body))
    if answer.status == 200 and is_success(answer):  # noqa: PLR2004
        return
    error = faults.translate(engine, answer, "write")
    if error is None:
        raise EngineMisbehaved(
            "The engine's answer to the write is no success that is documented.",
            engine=engine,
            engine_status=answer.status,
        )
    refused = faults.point_out(error, error_in(answer), _written(command, body))
    if refused and isinstance(error, VariableNotFound):
        _ = error.among(before, refused[0].name)
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
    deleted = (Written(name, command.deletion_pointer(index)) for index, name in enumerate(command.deletions))
    return [*found, *deleted]


def _settle(
    engine: str, instance: str, body: Mapping[str, Tree], before: Stored, error: VarbridgeError
) -> Generator[VendorRequest, VendorResponse, None]:
    """Read once more, so that the error says what the refused write has changed.

    Raises:
        VarbridgeError: always; InstanceNotFound or InstanceStateConflict where the read shows that.
    """
    try:
        wire = yield from describe_process(engine, instance, PARTS, ended=True)
        if error.engine_code != faults.NOT_NOW:
            _note_applied(error, body, before, stored_in(engine, bytes(wire.variables)))
    except InstanceNotFound as gone:
        raise gone from error
    except VarbridgeError:
        error.outcome = "unknown"
        raise error from None
    state = state_of(wire)
    if state in ENDED or (error.engine_code == faults.NOT_NOW and state not in _WRITABLE):
        raise InstanceStateConflict(
            engine=engine,
            engine_status=error.engine_status,
            engine_code=error.engine_code,
            outcome=error.outcome,
            applied=error.applied,
        ) from error
    raise error


def _note_applied(error: VarbridgeError, body: Mapping[str, Tree], before: Stored, after: Stored) -> None:
    """Put the names that were written into the error, and its outcome.

    A name whose new value is what had been there shows nothing: where the engine refused a name it may be that one, so
    the write is applied in part only.
    """
    wanted = {name: clean(tree) for name, tree in body.items()}
    changed = [name for name, tree in wanted.items() if not same(clean(before.tree(name)), tree)]
    applied = tuple(name for name in changed if same(clean(after.tree(name)), wanted[name]))
    if not applied:
        return
    whole = len(applied) == len(body if isinstance(error, _REFUSED) else changed)
    error.outcome = "applied" if whole else "partial"
    error.applied = applied


def _verify(
    engine: str, command: PatchVariables, body: Mapping[str, Tree]
) -> Generator[VendorRequest, VendorResponse, None]:
    """Read back what was written.

    Raises:
        ConcurrentUpdate: it is not what is there. VarbridgeError: it could not be read, with the outcome ``applied``.
    """
    try:
        after = yield from read_stored(engine, command.instance)
        held = {name for name, tree in body.items() if same(clean(after.tree(name)), clean(tree))}
    except VarbridgeError as error:
        error.outcome = "applied"
        raise
    verify.check_written(engine, command, held)

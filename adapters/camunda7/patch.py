"""Patches: one ``POST …/variables`` sets, changes in parts and deletes. It is one transaction and takes any name.

What the write depends on is read with one query before it: stored types, values that are changed in parts, and what the
caller expects. Counterpart: ``variables``, which reads for callers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import msgspec

from adapters.camunda7 import faults, scopes, wire
from adapters.camunda7.scopes import Entry, Sight
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import JSON_FORMAT, NAME_LENGTH, check_name, check_value, decode, encode, plain
from adapters.camunda7.variables import value_of, variable_of, with_content
from gateway.errors import Fault, ValueInvalid, ValueNotRepresentable, VarbridgeError
from gateway.model import etag, jsonpatch, jsontext, verify
from gateway.model.commands import PatchVariables
from gateway.model.expect import Expect
from gateway.model.merge import merge_patch
from gateway.model.results import Rule, Variable, VariablesPatched
from gateway.model.scope import parse_scope
from gateway.model.values import ABSENT, NULL, Value
from gateway.plan import Plan, VendorRequest, VendorResponse

_NO_CONTENT = 204
_STRUCTURED = frozenset({"json", "object", "list"})
_WHOLE_ONLY = etag.BLOBS | {"opaque"}
_NULL = bytes(NULL)
Rows = list[wire.WireVariable]
Reading = Generator[VendorRequest, VendorResponse, None]


def patch_variables(engine: str, settings: Settings, command: PatchVariables) -> Plan[VariablesPatched]:
    """Set, merge, patch and delete with one ``POST …/variables``; read before it only where the write depends on it.

    Raises:
        ValueInvalid, ValueTooLong, ValueNotRepresentable, InvalidRequest, Unsupported, PreconditionFailed,
        PayloadTooLarge, VariableNotFound: before anything that writes.
        InstanceNotFound, ScopeNotFound, EngineError: nothing was applied; the engine rolls back as a whole.
        ConcurrentUpdate: likewise; or the read after the write shows something else.
    """
    where = parse_scope(command.scope)
    verify.refuse_transient(engine, command)
    for name in command.deletions:
        check_name(name)
    values = dict(command.modifications)
    untyped = [name for name, value in values.items() if value.type is None] if settings.keep_type else ()
    waiting = [name for name in untyped if needs_stored_type(values[name])]
    for name in waiting:
        del values[name]
    modifications, rules = _encode_all(values, settings, command)
    entry = yield from scopes.enter(engine, where, command.instance)
    if waiting or command.merges or command.patches or command.expect is not None:
        nulls = [name for name in untyped if command.modifications[name].text == _NULL]
        sight = yield from _read(engine, settings, command, entry, [*waiting, *nulls])
        if sight.root != (command.root or command.instance):
            return VariablesPatched(elsewhere=sight.root)
        yield from _check(engine, settings, command, entry, sight)
        stored = {row.name: value_of(row, settings) for row in sight.seen}
        changed, more = _encode_all(_change(settings, command, waiting, stored), settings, command)
        modifications |= changed | _stored_nulls(nulls, sight, stored)
        rules += more
    yield from _write(engine, command, entry, modifications)
    if command.verify and (modifications or command.deletions):
        yield from _verify(engine, settings, command, entry, modifications)
    return VariablesPatched(tuple(rules))


def _encode_all(
    values: Mapping[str, Value], settings: Settings, command: PatchVariables
) -> tuple[dict[str, wire.WireValue], list[Rule]]:
    """Return values in the vendor's spelling, and the rules by which what the engine holds differs from what was given.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: a value cannot be sent.
    """
    encoded: dict[str, wire.WireValue] = {}
    rules: list[Rule] = []
    longest = settings.string_length
    for name, value in values.items():
        wired = plain(value, longest) if len(name) <= NAME_LENGTH else None
        if wired is not None:
            encoded[name] = wired
            continue
        try:
            encoded[name], rule = encode(name, check_value(value, settings), settings, "")
        except VarbridgeError:  # again, with the pointer, which is made only for a value that fails
            pointer = command.pointer(name)
            encoded[name], rule = encode(name, check_value(value, settings, pointer), settings, pointer)
        if rule is not None and name not in command.deletions:
            rules.append(Rule(rule, name))
    return encoded, rules


def needs_stored_type(value: Value) -> bool:
    """Return whether a value keeps the stored type: it has none itself, and is a number, string, array or object."""
    return value.type is None and value.text[:1] not in (b"", b"t", b"f", b"n")


def _read(
    engine: str, settings: Settings, command: PatchVariables, entry: Entry, waiting: list[str]
) -> Generator[VendorRequest, VendorResponse, Sight]:
    """Read what the write depends on, with one query.

    Raises:
        InstanceNotFound: there is no such instance.
    """
    expected = () if command.expect is None else command.expect.names
    names = None if expected is None else tuple({*waiting, *command.partial, *expected})
    sure = bool(command.partial) or command.expect is not None
    return (yield from scopes.read_sight(engine, settings, entry, names, command.root or command.instance, sure=sure))


def _check(engine: str, settings: Settings, command: PatchVariables, entry: Entry, sight: Sight) -> Reading:
    """Check that the variables are as expected, and that those to be patched are there.

    Where only the one that is not there was asked for, its neighbours' names are read too.

    Raises:
        PreconditionFailed, VariableNotFound: they are not.
    """
    if command.expect is not None:
        yield from check_expected(engine, settings, command.expect, sight, command.instance)
    there = {row.name for row in sight.seen}
    unknown = next((name for name in command.patches if name not in there), None)
    if unknown is not None and there:
        raise faults.missing_variable(engine).among(there, unknown)
    if unknown is not None:
        raise (yield from faults.find_meant(engine, settings, entry.place.id or entry.root, unknown))


def check_expected(engine: str, settings: Settings, expect: Expect, sight: Sight, instance: str) -> Reading:
    """Check that variables are as a write expects: a single one as it is read, a set as it is listed.

    Raises:
        PreconditionFailed: they are not.
    """
    rows = sight.own if expect.name is None else sight.seen
    variables = [variable_of(row, instance, settings) for row in rows]
    if expect.strong_binary:
        variables = yield from _with_contents(engine, expect, rows, variables)
    expect.check(variables, engine)


def _with_contents(
    engine: str, expect: Expect, rows: Rows, variables: list[Variable]
) -> Generator[VendorRequest, VendorResponse, list[Variable]]:
    """Read the content of the one blob that is compared; rows of a query have none."""
    filled: list[Variable] = []
    for row, variable in zip(rows, variables, strict=True):
        each = variable
        if variable.name == expect.name and variable.value.type in etag.BLOBS and row.id is not None:
            content = yield wire.read_request("variable-instance", row.id, "data")
            each = msgspec.structs.replace(variable, value=with_content(engine, variable.value, content), error=None)
        filled.append(each)
    return filled


def _change(
    settings: Settings, command: PatchVariables, waiting: list[str], stored: dict[str, Value]
) -> dict[str, Value]:
    """Return the values that depend on what is stored."""
    values: dict[str, Value] = {}
    for name in waiting:
        at = command.pointer(name)
        values[name] = with_stored_type(command.modifications[name], stored.get(name), settings, at)
    for name, patch in command.merges.items():
        old, at = stored.get(name), command.pointer(name)
        target = _document(old, at) if _is_structured(old) else None
        text = command.bounds.text(merge_patch(target, jsontext.parse(bytes(patch), depth=command.bounds.max_depth)))
        values[name] = with_stored_type(Value(value=text), old if _is_structured(old) else None, settings, at)
    for name, operations in command.patches.items():
        at = command.pointer(name)
        result = jsonpatch.apply_patch(_document(stored[name], at), operations, bounds=command.bounds)
        values[name] = with_stored_type(Value(value=command.bounds.text(result)), stored[name], settings, at)
    return values


def _stored_nulls(nulls: list[str], sight: Sight, stored: dict[str, Value]) -> dict[str, wire.WireValue]:
    """Return the nulls that are stored already, with the types that they have there: written back, they change nothing.

    Nothing is read for their sake alone. How an ``Object`` is serialized must be said of a null, too. Rows of blobs
    have no value, so nobody knows whether theirs is null.
    """
    return {
        row.name: wire.WireValue(type=row.type, value=row.value, valueInfo=row.valueInfo or None)
        for row in sight.seen
        if row.name in nulls and stored[row.name].text == _NULL and stored[row.name].type not in etag.BLOBS
    }


def _is_structured(value: Value | None) -> bool:
    """Return whether a stored value may have members; of one that cannot be read, nobody knows."""
    return value is not None and (value.type in _STRUCTURED or (value.type == "opaque" and not value.text))


def _document(stored: Value | None, pointer: str) -> jsontext.Tree:
    """Return the tree of a stored value that is to be changed in parts.

    Raises:
        ValueInvalid: it has none.
    """
    detail = ""
    if stored is None or stored.type in _WHOLE_ONLY:
        detail = "A value of this type is not changed in parts."
    elif not stored.text:
        detail = "The stored value cannot be read, so nothing can be changed in it."
    if stored is None or detail:
        raise ValueInvalid(detail, errors=(Fault(pointer, detail),))
    return jsontext.parse(stored.text)


def with_stored_type(value: Value, stored: Value | None, settings: Settings, pointer: str) -> Value:
    """Return an untyped value with the stored type where it fits, else with the inferred one.

    Raises:
        ValueInvalid, ValueNotRepresentable: it cannot be inferred either.
    """
    if stored is None or stored.type in {"null", "opaque", "file"}:
        return check_value(value, settings, pointer)
    candidate = msgspec.structs.replace(
        value,
        type=stored.type,
        format=stored.format,
        class_name=stored.class_name,
        serialization=stored.serialization,
    )
    if stored.serialization not in {None, JSON_FORMAT} and value.text[:1] != b'"':
        return check_value(value, settings, pointer)
    try:
        return check_value(candidate, settings, pointer)
    except (ValueInvalid, ValueNotRepresentable):
        return check_value(value, settings, pointer)


def _write(engine: str, command: PatchVariables, entry: Entry, modifications: dict[str, wire.WireValue]) -> Reading:
    body = wire.WirePatch(modifications=modifications, deletions=command.deletions)
    answer = yield VendorRequest(
        method="POST",
        path=entry.path,
        headers=wire.JSON,
        body=wire.encoder.encode(body),
        writes=True,
        idempotent=True,
    )
    if answer.status != _NO_CONTENT:
        yield from scopes.raise_failure(engine, answer, entry.place, command.instance)


def _verify(
    engine: str, settings: Settings, command: PatchVariables, entry: Entry, modifications: dict[str, wire.WireValue]
) -> Reading:
    """Read back what was written.

    Raises:
        ConcurrentUpdate: it is not what is there. VarbridgeError: it could not be read, with the outcome ``applied``.
    """
    names = tuple({**modifications, **dict.fromkeys(command.deletions)})
    try:
        sight = yield from scopes.read_sight(engine, settings, entry, names, command.root, sure=bool(modifications))
    except VarbridgeError as error:
        error.outcome = "applied"
        raise
    there = {row.name: _shown_tag(row.name, row, settings) for row in sight.seen}
    held = {name for name, each in modifications.items() if there.get(name) == _shown_tag(name, each, settings)}
    held -= set(command.deletions)
    verify.check_written(engine, command, held | {name for name in command.deletions if name not in there})


def _shown_tag(name: str, stored: wire.WireValue, settings: Settings) -> str:
    """Return the tag that two stored values share if they are the same; the content of blobs is not asked for."""
    value = decode(stored, settings)
    if value.type in etag.BLOBS:
        value = msgspec.structs.replace(value, value=ABSENT)
    if value.is_null() and value.type not in etag.BLOBS:
        value = msgspec.structs.replace(value, value=NULL)
    return etag.variable_tag(Variable(name=name, value=value))

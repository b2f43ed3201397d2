"""Patches: set, changed in parts and deleted with one ``POST …/variables``: one transaction, any name, one error form.

What the write depends on (stored types, values to change in parts, what the caller expects) is read with one query
before it. The counterpart of ``variables``, which reads for callers.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import msgspec

from adapters.camunda7 import faults, scopes, wire
from adapters.camunda7.scopes import Entry, Sight
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import JSON_FORMAT, NAME_LENGTH, check_name, checked, decode, encode, plain
from adapters.camunda7.variables import variable_of, with_content
from gateway.errors import EngineFailure, Fault, ValueInvalid, ValueNotRepresentable, VarbridgeError
from gateway.model import etag, jsonpatch, jsontext, verify
from gateway.model.commands import PatchVariables
from gateway.model.expect import Expect
from gateway.model.merge import merged
from gateway.model.results import Rule, Variable, VariablesPatched
from gateway.model.scope import parse_scope
from gateway.model.values import ABSENT, NULL, Value
from gateway.plan import Plan, VendorRequest, VendorResponse

_NO_CONTENT = 204
_STRUCTURED = frozenset({"json", "object", "list"})
_WHOLE_ONLY = etag.BLOBS | {"opaque"}
Rows = list[wire.WireVariable]
Reading = Generator[VendorRequest, VendorResponse, None]


def patched(engine: str, settings: Settings, command: PatchVariables) -> Plan[VariablesPatched]:
    """Set, merge, patch and delete in one ``POST …/variables``; reads first only where it must.

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
    waiting = (
        [name for name, value in values.items() if value.type is None and keeps(value)] if settings.keep_type else []
    )
    for name in waiting:
        del values[name]
    modifications, rules = _encoded(values, settings, command)
    entry = yield from scopes.entered(engine, where, command.instance)
    if waiting or command.merges or command.patches or command.expect is not None:
        sight = yield from _read(engine, settings, command, entry, waiting)
        if sight.root != (command.root or command.instance):
            return VariablesPatched(elsewhere=sight.root)
        yield from _check(engine, settings, command, sight)
        stored = {row.name: decode(row, settings) for row in sight.seen}
        changed, more = _encoded(_changed(engine, settings, command, waiting, stored), settings, command)
        modifications |= changed
        rules += more
    yield from _write(engine, command, entry, modifications)
    if command.verify and (modifications or command.deletions):
        yield from _verify(engine, settings, command, entry, modifications)
    return VariablesPatched(tuple(rules))


def _encoded(
    values: Mapping[str, Value], settings: Settings, command: PatchVariables
) -> tuple[dict[str, wire.WireValue], list[Rule]]:
    """Return values in the vendor's spelling, and the rules by which what the engine holds differs from what was given.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: a value cannot be sent.
    """
    encoded: dict[str, wire.WireValue] = {}
    rules: list[Rule] = []
    for name, value in values.items():
        wired = plain(value, settings.string_length) if len(name) <= NAME_LENGTH else None
        if wired is not None:
            encoded[name] = wired
            continue
        try:
            encoded[name], rule = encode(name, checked(value, settings), settings, "")
        except VarbridgeError:  # again, with the pointer, which is made only for a value that fails
            pointer = command.pointer(name)
            encoded[name], rule = encode(name, checked(value, settings, pointer), settings, pointer)
        if rule is not None and name not in command.deletions:
            rules.append(Rule(rule, name))
    return encoded, rules


def keeps(value: Value) -> bool:
    """Tell whether the stored type matters: no type given, and a number, string, array or object."""
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
    return (yield from scopes.sight(engine, settings, entry, names, command.root or command.instance, sure=sure))


def _check(engine: str, settings: Settings, command: PatchVariables, sight: Sight) -> Reading:
    """Make sure that the variables are as expected, and that those to be patched are there.

    Raises:
        PreconditionFailed, VariableNotFound: not so.
    """
    if command.expect is not None:
        yield from expected(engine, settings, command.expect, sight, command.instance)
    there = {row.name for row in sight.seen}
    if any(name not in there for name in command.patches):
        raise faults.missing_variable(engine)


def expected(engine: str, settings: Settings, expect: Expect, sight: Sight, instance: str) -> Reading:
    """Make sure that variables are as a write expects: one as it is read, a set as it is listed.

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
    """Read the content of the one blob that is compared; a query does not give it."""
    filled: list[Variable] = []
    for row, variable in zip(rows, variables, strict=True):
        each = variable
        if variable.name == expect.name and variable.value.type in etag.BLOBS and row.id is not None:
            content = yield wire.reading("variable-instance", row.id, "data")
            each = msgspec.structs.replace(variable, value=with_content(engine, variable.value, content), error=None)
        filled.append(each)
    return filled


def _changed(
    engine: str, settings: Settings, command: PatchVariables, waiting: list[str], stored: dict[str, Value]
) -> dict[str, Value]:
    """Give the values that depend on what is stored."""
    values = {
        name: kept(command.modifications[name], stored.get(name), settings, command.pointer(name)) for name in waiting
    }
    for name, patch in command.merges.items():
        target = _document(stored.get(name), command.pointer(name)) if _is_structured(stored.get(name)) else None
        text = command.bounds.text(merged(target, jsontext.parse(bytes(patch), depth=command.bounds.max_depth)))
        old = stored.get(name)
        values[name] = kept(Value(value=text), old if _is_structured(old) else None, settings, command.pointer(name))
    for name, operations in command.patches.items():
        if name not in stored:
            raise faults.missing_variable(engine)
        document = _document(stored[name], command.pointer(name))
        result = jsonpatch.applied(document, operations, bounds=command.bounds)
        values[name] = kept(Value(value=command.bounds.text(result)), stored[name], settings, command.pointer(name))
    return values


def _is_structured(value: Value | None) -> bool:
    return value is not None and value.type in _STRUCTURED


def _document(stored: Value | None, pointer: str) -> jsontext.Tree:
    """Give the tree of a stored value.

    Raises:
        ValueInvalid: it has none.
    """
    detail = ""
    if stored is None or stored.type in _WHOLE_ONLY:
        detail = "A value of this type is not changed in parts."
    elif not stored.text:
        detail = "The stored text is not JSON, so nothing can be changed in it."
    if stored is None or detail:
        raise ValueInvalid(detail, errors=(Fault(pointer, detail),))
    return jsontext.parse(stored.text)


def kept(value: Value, stored: Value | None, settings: Settings, pointer: str) -> Value:
    """Give an untyped value with the stored type where it fits, else with the inferred one.

    Raises:
        ValueInvalid, ValueNotRepresentable: it cannot be inferred either.
    """
    if stored is None or stored.type in {"null", "opaque", "file"}:
        return checked(value, settings, pointer)
    candidate = msgspec.structs.replace(
        value,
        type=stored.type,
        format=stored.format,
        class_name=stored.class_name,
        serialization=stored.serialization,
    )
    if stored.serialization not in {None, JSON_FORMAT} and value.text[:1] != b'"':
        return checked(value, settings, pointer)
    try:
        return checked(candidate, settings, pointer)
    except (ValueInvalid, ValueNotRepresentable):
        return checked(value, settings, pointer)


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
        yield from scopes.failed(engine, answer, entry.place, command.instance)


def _verify(
    engine: str, settings: Settings, command: PatchVariables, entry: Entry, modifications: dict[str, wire.WireValue]
) -> Reading:
    """Read back what was written.

    Raises:
        ConcurrentUpdate: it is not what is there. EngineFailure: it could not be read, with the outcome ``applied``.
    """
    names = tuple({**modifications, **dict.fromkeys(command.deletions)})
    try:
        sight = yield from scopes.sight(engine, settings, entry, names, command.root, sure=bool(modifications))
    except EngineFailure as error:
        error.outcome = "applied"
        raise
    there = {row.name: _shown_tag(row.name, row, settings) for row in sight.seen}
    held = {name for name, each in modifications.items() if there.get(name) == _shown_tag(name, each, settings)}
    held -= set(command.deletions)
    verify.compared(engine, command, held | {name for name in command.deletions if name not in there})


def _shown_tag(name: str, stored: wire.WireValue, settings: Settings) -> str:
    """Return the tag that two stored values share if they are the same; the content of blobs is not asked for."""
    value = decode(stored, settings)
    if value.type in etag.BLOBS:
        value = msgspec.structs.replace(value, value=ABSENT)
    if value.is_null() and value.type not in etag.BLOBS:
        value = msgspec.structs.replace(value, value=NULL)
    return etag.of_value(Variable(name=name, value=value))

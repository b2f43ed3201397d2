"""Modification in Camunda's language: its instructions as a command, and in words where one of them is at fault.

What callers write is the vendor's page "Modify Process Instance Execution State". What must not live here: what an
engine of another vendor can carry out of it (the adapters), and the asynchronous twin, which no engine gets.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from adapters.camunda7.dialect.bodies import read_json, read_value
from gateway.errors import Fault, InvalidRequest, VarbridgeError
from gateway.model.modification import Instruction, Kind, ModifyInstance, StartValue, check_instructions, pointer
from gateway.model.values import Value
from gateway.port import DialectRequest


class GivenInstruction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One instruction as callers write it."""

    type: Kind
    activity_id: str | None = None
    transition_id: str | None = None
    activity_instance_id: str | None = None
    transition_instance_id: str | None = None
    ancestor_activity_instance_id: str | None = None
    variables: dict[str, msgspec.Raw] | None = None


class GivenModification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST …/modification``; null is the same as leaving a member out."""

    instructions: list[msgspec.Raw] | None = None
    skip_custom_listeners: bool | None = None
    skip_io_mappings: bool | None = None
    annotation: str | None = None


class _Placed(msgspec.Struct, frozen=True):
    """Where a variable goes; what else it says is read as everywhere (``bodies.read_value``)."""

    local: bool | None = None


_decoder = msgspec.json.Decoder(GivenModification)
_instruction_decoder = msgspec.json.Decoder(GivenInstruction)
_placed_decoder = msgspec.json.Decoder(_Placed)


def decode_modification(request: DialectRequest, instance: str) -> ModifyInstance:
    """Return the command that a modification means.

    Raises:
        UnsupportedMediaType, InvalidJson, PayloadTooLarge: the body is no JSON.
        InvalidRequest: an instruction or a variable that the vendor's page does not know, with its pointer.
        ValueTooLong: the annotation.
    """
    given = read_json(request, _decoder)
    instructions = tuple(_instruction(index, bytes(raw)) for index, raw in enumerate(given.instructions or ()))
    check_instructions(instructions, given.annotation)
    return ModifyInstance(
        instance=instance,
        instructions=instructions,
        skip_custom_listeners=bool(given.skip_custom_listeners),
        skip_io_mappings=bool(given.skip_io_mappings),
        annotation=given.annotation,
    )


def _instruction(index: int, text: bytes) -> Instruction:
    try:
        given = _instruction_decoder.decode(text)
    except msgspec.ValidationError as error:
        detail = f"The instruction is not what it must be: {error}."
        raise InvalidRequest(detail, errors=(Fault(pointer(index), detail),)) from error
    ids = {name: getattr(given, name) for name in GivenInstruction.__struct_fields__ if name != "variables"}
    variables = {name: _start_value(index, name, bytes(raw)) for name, raw in (given.variables or {}).items()}
    return Instruction(**ids, variables=variables)


def _start_value(index: int, name: str, text: bytes) -> StartValue:
    at = pointer(index, "variables", name)
    value = read_value(text, name, at)
    try:
        placed = _placed_decoder.decode(text)
    except msgspec.ValidationError as error:
        detail = "`local` is true or false."
        raise InvalidRequest(detail, errors=(Fault(f"{at}/local", detail),)) from error
    return StartValue(
        **{field: getattr(value, field) for field in Value.__struct_fields__}, local=placed.local or False
    )


def describe_faults(error: VarbridgeError) -> str:
    """Return what is wrong with a modification, naming the instructions and variables concerned."""
    named = "; ".join(
        where if fault.detail == error.detail else f"{where}: {fault.detail}"
        for fault in error.errors
        if (where := ", ".join(_named(fault.pointer)))
    )
    return f"{error.detail} ({named})" if named else error.detail


def _named(at: str) -> Iterator[str]:
    """Yield the parts of a pointer in words: ``instruction 1, variable amount, local``."""
    steps = iter(step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:])
    for step in steps:
        word = {"instructions": "instruction", "variables": "variable"}.get(step)
        after = next(steps, None) if word is not None else None
        yield step if after is None else f"{word} {after}"

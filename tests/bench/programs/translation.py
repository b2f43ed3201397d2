"""The translation by itself, for the programs that do nothing else: unified JSON to Camunda's and back."""

from __future__ import annotations

import msgspec

_NAMES = {
    ("integer", "int64"): "Long",
    ("boolean", None): "Boolean",
    ("string", None): "String",
}
_TYPES = {name: pair for pair, name in _NAMES.items()}


class Typed(msgspec.Struct):
    """One value as callers write it."""

    type: str
    value: msgspec.Raw
    format: str | None = None


class Unified(msgspec.Struct):
    """A patch as callers write it."""

    modifications: dict[str, Typed]
    deletions: list[str] = []


class WrittenValue(msgspec.Struct):
    """One value as Camunda takes it."""

    type: str
    value: msgspec.Raw


class Written(msgspec.Struct):
    """A patch as Camunda takes it."""

    modifications: dict[str, WrittenValue]
    deletions: list[str]


class ReadValue(msgspec.Struct):
    """One value as Camunda gives it."""

    type: str
    value: msgspec.Raw


class Shown(msgspec.Struct, omit_defaults=True):
    """One variable as callers are shown it."""

    name: str
    type: str
    value: msgspec.Raw
    format: str | None = None


_encoder = msgspec.json.Encoder()


def camunda(patch: Unified) -> bytes:
    """Return Camunda's body of a patch."""
    entries = {
        name: WrittenValue(_NAMES[entry.type, entry.format], entry.value) for name, entry in patch.modifications.items()
    }
    return _encoder.encode(Written(entries, patch.deletions))


def unified(name: str, value: ReadValue) -> bytes:
    """Return the unified body of one variable."""
    kind, form = _TYPES[value.type]
    return _encoder.encode(Shown(name, kind, value.value, form))

"""Checks before anything is sent: a date in the engine's own pattern is read, and values fit their types."""

from __future__ import annotations

import msgspec

from adapters.camunda7.settings import Settings
from gateway.errors import ValueInvalid
from gateway.model import values
from gateway.model.values import Value, instant_text, json_text, text_of


def check_value(value: Value, settings: Settings, pointer: str = "") -> Value:
    """Return the value with its unified type and spelling, after checking that it fits its type.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable: it does not.
    """
    return values.check_value(value if value.type != "Date" else _dated(value, settings), pointer)


def _dated(value: Value, settings: Settings) -> Value:
    """Return a ``Date`` as RFC 3339 says where it is in the engine's pattern; the model knows the other spellings."""
    try:
        moment = settings.dates.read(text_of(value.text))
    except (ValueInvalid, ValueError, OverflowError):
        return value
    return value if moment is None else msgspec.structs.replace(value, value=json_text(instant_text(moment)))

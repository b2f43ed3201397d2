"""What a read would show after a write, by the encoder and the decoder that both use. No request is made for it.

What the target holds already is not looked at: a declared business object puts its own class on what is written to it.
The counterparts are ``patch``, which writes, and ``variables``, which reads.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from adapters.ibm_bpm.patch import apply_hint
from adapters.ibm_bpm.settings import Settings, TypeHint
from adapters.ibm_bpm.values import decode, encode
from adapters.ibm_bpm.values.declared import with_types
from adapters.ibm_bpm.values.encode import place
from adapters.ibm_bpm.values.stored import Stored
from gateway.model import jsontext
from gateway.model.values import Value
from gateway.model.verdict import Declared, Foreseen

_HINTS: frozenset[TypeHint] = frozenset(get_args(TypeHint))


def foresee_value(engine: str, settings: Settings, name: str, value: Value, declared: Declared | None) -> Foreseen:
    """Return what the engine would show of a variable, and the rules by which that differs from what it was.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: the write would be refused.
    """
    settings = _typed(settings, name, declared)
    given = apply_hint(name, value, settings, "")
    encoded = encode(name, given, settings, "")
    text = jsontext.write(place(name, encoded, None, settings))
    return Foreseen(decode(name, Stored(engine, {name: msgspec.Raw(text)}), settings), encoded.rules)


def _typed(settings: Settings, name: str, declared: Declared | None) -> Settings:
    """Return the settings with the type that the process declares for one name, where it is known and is a hint."""
    kind = None if declared is None else declared.get(name)
    hint: TypeHint | None = next((each for each in _HINTS if each == kind), None)
    return settings if hint is None else with_types(settings, {name: hint})

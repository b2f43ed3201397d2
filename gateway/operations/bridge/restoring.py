"""Giving values back the types that they had before they were moved: for copies from the target to the source.

A 64-bit integer that an engine can only keep as text comes back as the integer that it was, a text that stands for a
blob as that blob: wherever the engine that it comes from would show the restored value as what it shows now.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gateway.errors import Refusal
from gateway.model import etag
from gateway.model.results import Variable
from gateway.model.values import Value, check_value, text_of
from gateway.operations.bridge.sides import Sides


def restore(sides: Sides, variable: Variable, before: Variable | None) -> Value | None:
    """Return a value in the type that the other side has stored; None where it is none of that type, or has it.

    Args:
        sides: of the link.
        variable: of the side that decides.
        before: what the other side has under this name.
    """
    if before is None or before.error is not None or before.value.type in {"null", "opaque"}:
        return None
    value, stored = variable.value, before.value
    if (value.type, value.format, value.class_name) == (stored.type, stored.format, stored.class_name):
        return None
    wanted = etag.variable_tag(variable)
    for text in _texts(value):
        candidate = msgspec.structs.replace(stored, value=msgspec.Raw(text))
        try:
            shown = sides.owner.engine.foresee(Variable(name=variable.name, value=check_value(candidate))).value
        except Refusal:
            continue
        if etag.variable_tag(Variable(name=variable.name, value=shown)) == wanted:
            return candidate
    return None


def _texts(value: Value) -> Iterator[bytes]:
    """Yield the JSON texts that a value may have had: its own, what stands inside a text, or as a text."""
    yield value.text
    if value.type == "string":
        yield text_of(value.text).encode()

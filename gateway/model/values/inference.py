"""Types of values that came without one, and whether a number fits a format."""

from __future__ import annotations

import re
from decimal import Decimal

from gateway.errors import ValueNotRepresentable
from gateway.model.values.value import INTEGER_BOUNDS

INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)\Z")


def infer_type(raw: bytes) -> tuple[str, str | None]:
    """Return type and format of a value that came without: the narrowest of types.md that holds it exactly.

    Raises:
        ValueNotRepresentable: an integer beyond 64 bits.
    """
    head = raw[:1]
    if head == b'"':
        return "string", None
    if head in (b"{", b"["):
        return "json", None
    if head in (b"t", b"f"):
        return "boolean", None
    if head == b"n":
        return "null", None
    if INTEGER.match(raw):
        return "integer", narrowest(raw)
    return "number", "double" if is_double(raw) else "decimal"


def narrowest(raw: bytes) -> str:
    """Return the narrowest inferred format of an integer: ``int32``, else ``int64``.

    Raises:
        ValueNotRepresentable: an integer beyond 64 bits.
    """
    for name in ("int32", "int64"):
        if in_bounds(raw, name):
            return name
    raise ValueNotRepresentable("An integer beyond 64 bits needs an explicit type.")


def in_bounds(raw: bytes, name: str) -> bool:
    """Return whether an integer fits a format."""
    if len(raw) > len(b"-9223372036854775808"):
        return False
    bound = INTEGER_BOUNDS[name]
    return -bound <= int(raw) < bound


def is_double(raw: bytes) -> bool:
    """Return whether the shortest double of a number prints the same value, as of 1.10, but not of 20 digits."""
    number = float(raw)
    if number in (float("inf"), float("-inf")):
        return False
    return Decimal(repr(number)) == Decimal(raw.decode())

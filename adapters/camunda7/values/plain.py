"""Scalars that go out as they came, checked and spelled in one step: nearly all values are, and patches have thousands.

``check_value`` and ``encode`` do the same, more slowly; a test compares. They refuse what does not fit its type.
"""

from __future__ import annotations

from adapters.camunda7.values.encode import SCALARS
from adapters.camunda7.wire import WireValue
from gateway.errors import ValueInvalid, ValueNotRepresentable
from gateway.model.values import CHECKS, Value, is_bare

_PLAIN = {
    pair: (wire, CHECKS[pair])
    for pair, wire in SCALARS.items()
    if wire in {"Boolean", "Short", "Integer", "Long", "Double", "String"}
}
"""By unified type and format: the vendor's type, and what such a value must be."""


def plain(value: Value, longest: int) -> WireValue | None:
    """Return a scalar in the vendor's spelling, None where it needs a closer look, or does not fit its type.

    Args:
        value: as it was given.
        longest: UTF-16 units of a String; a text of so many bytes has no more.
    """
    known = _PLAIN.get((value.type, value.format))
    if known is None or value.transient or not is_bare(value):
        return None
    wire, check = known
    raw = bytes(value.value)
    if raw == b"null" or not 0 < len(raw) <= longest:
        return None
    try:
        check(raw, value.format)
    except (ValueInvalid, ValueNotRepresentable):
        return None
    return WireValue(type=wire, value=value.value)

"""The typed value: JSON text plus what it is, checked without rounding, guessing or changing it.

What must not live here: the JSON of one vendor's REST API (``adapters.<vendor>.values``), limits of an engine.
``Value.value`` is the JSON text itself (``msgspec.Raw``), so digits, key order and escapes survive.
"""

from gateway.model.values.check import CHECKS, check_value, is_bare, resolve_type
from gateway.model.values.inference import infer_type, is_double
from gateway.model.values.moments import instant, instant_text
from gateway.model.values.value import (
    ABSENT,
    FORMATS,
    INTEGER_BOUNDS,
    NULL,
    TYPES,
    Value,
    json_text,
    text_of,
)
from gateway.model.values.vendor_names import SYNONYMS, VENDOR_INFO, in_our_spelling, with_vendor_info

__all__ = [
    "ABSENT",
    "CHECKS",
    "FORMATS",
    "INTEGER_BOUNDS",
    "NULL",
    "SYNONYMS",
    "TYPES",
    "VENDOR_INFO",
    "Value",
    "check_value",
    "in_our_spelling",
    "infer_type",
    "instant",
    "instant_text",
    "is_bare",
    "is_double",
    "json_text",
    "resolve_type",
    "text_of",
    "with_vendor_info",
]

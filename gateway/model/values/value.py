"""The struct of a typed value, the names of its types, and the text inside it."""

from __future__ import annotations

import msgspec

from gateway.errors import ValueInvalid

ABSENT = msgspec.Raw(b"")
NULL = msgspec.Raw(b"null")

INTEGER_BOUNDS = {"int16": 1 << 15, "int32": 1 << 31, "int64": 1 << 63}
FORMATS = {"integer": ("int16", "int32", "int64"), "number": ("double", "decimal")}
TYPES = (
    "null", "boolean", "integer", "number", "string", "date-time", "bytes", "file", "json", "object", "list", "xml",
    "opaque",
)  # fmt: skip
_text = msgspec.json.Decoder(str)


class Value(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
    gc=False,  # it can be in no cycle, and patches make thousands
):
    """A typed value as callers write it and read it.

    Args:
        type: one of ``TYPES``, or a vendor's name (``SYNONYMS``); None = inferred by ``check_value``.
        format: ``int16 | int32 | int64`` for integers, ``double | decimal`` for numbers.
        value: exact JSON text; base64 text for bytes and files; empty when a list does not show the content.
        filename, media_type, encoding: of files.
        class_name, serialization: of objects; serialization is a media type.
        transient: lives only as long as the engine's transaction.
    """

    type: str | None = None
    format: str | None = None
    value: msgspec.Raw = msgspec.field(default_factory=lambda: ABSENT)  # a JSON Schema can show no raw default
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None
    class_name: str | None = None
    serialization: str | None = None
    transient: bool = False

    def is_null(self) -> bool:
        """Return whether the value is null or absent."""
        return bytes(self.value) in (b"", b"null")

    @property
    def text(self) -> bytes:
        """Return the JSON text as plain bytes; empty where a list does not show the content."""
        return bytes(self.value)


def text_of(raw: bytes) -> str:
    """Return the Python string of a JSON string.

    Raises:
        ValueInvalid: it is not a JSON string that UTF-8 can carry.
    """
    try:
        return _text.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueInvalid('The value is not a JSON string, such as `"text"`.') from error


def json_text(text: str) -> msgspec.Raw:
    """Return the JSON text of a Python string."""
    return msgspec.Raw(msgspec.json.encode(text))

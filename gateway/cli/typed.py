"""Typed values from the words of a command line."""

from __future__ import annotations

from typing import Any

import click
import msgspec

_AS_TEXT = frozenset({"string", "String", "date-time", "Date", "bytes", "Bytes", "xml", "Xml"})
"""Types whose value may be written without the quotes of JSON."""
_EXAMPLES = {
    "null": "null",
    "boolean": "true",
    "integer": "42",
    "short": "42",
    "long": "42",
    "number": "1.5",
    "double": "1.5",
    "decimal": "1.5",
    "json": "'{\"a\": 1}'",
    "object": "'{\"a\": 1}'",
    "list": "'[1, 2]'",
}
"""By type in lower case: a value that would be taken, as a shell is given it."""


def parse_settings(settings: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """Return the typed values of ``NAME=JSON`` options.

    Raises:
        UsageError: one is not of this shape, or a name is given twice.
    """
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise click.UsageError(f"{option} takes NAME=JSON, such as amount=42 or 'note=\"text\"', not {setting}.")
        if name in found:
            raise click.UsageError(f"{option}: {name!r} is given twice.")
        found[name] = typed_value(text)
    return found


def typed_value(text: str, kind: str | None = None, form: str | None = None) -> dict[str, Any]:
    """Return the typed value of a word of the command line; numbers keep their digits.

    Raises:
        UsageError: the word is not UTF-8, or not JSON where JSON is needed.
    """
    try:
        value: Any = msgspec.Raw(text.encode())
        decoded = msgspec.json.decode(text)
        if kind in _AS_TEXT and not isinstance(decoded, str):
            value = text
    except UnicodeEncodeError as error:
        raise click.UsageError("A value is not UTF-8.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        if kind not in _AS_TEXT:
            raise click.UsageError(_not_json(text, kind)) from error
        value = text
    shape = {"type": kind, "format": form, "value": value}
    return {member: content for member, content in shape.items() if content is not None}


def _not_json(text: str, kind: str | None) -> str:
    example = _EXAMPLES.get((kind or "").lower())
    if example is not None:
        return f"{text!r} is no value of the type {kind}; one is {example}."
    return f"{text!r} is not JSON; quote it ('\"text\"') or give --type string."

"""Cells of tables for people: what JSON tells apart (null, an empty text, a file, nothing) looks different here too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from rich.text import Text

from gateway.observe.printable import printable

_BLOBS = frozenset({"bytes", "file"})
_DIM = "dim"


def cell(row: Mapping[str, Any], column: str) -> Text:
    """Return one cell, on one line; it is cut with ``…`` where its column is too narrow."""
    text, style = value_of(row) if column == "value" else _plain(row, column)
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def value_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return text and style of a variable's value; a blob is shown by name, media type and size, as far as known."""
    if row.get("redacted"):
        return "redacted", _DIM
    content = row.get("value", "")
    if row.get("type") in _BLOBS and row.get("error") is None and content is not None:
        return _blob(row)
    if isinstance(content, str) and (content == "null" or content.startswith('"')):
        return printable(_json(content)), ""  # else it would be taken for null, or for such a text
    return _plain(row, "value")


def _plain(row: Mapping[str, Any], member: str) -> tuple[str, str]:
    if member not in row:
        return "", ""
    content = row[member]
    if content is None:
        return "null", _DIM
    return printable(content if isinstance(content, str) and content else _json(content)), ""


def _blob(row: Mapping[str, Any]) -> tuple[str, str]:
    size = row.get("size", _decoded_length(row.get("value")))
    known = [_plain(row, member)[0] for member in ("filename", "mediaType") if row.get(member) is not None]
    known += [f"{size} bytes"] if size is not None else []
    return (", ".join(known), "") if known else ("not shown", _DIM)


def _decoded_length(base64_text: object) -> int | None:
    if not isinstance(base64_text, str):
        return None
    return len(base64_text) * 3 // 4 - base64_text[-2:].count("=")


def _json(content: Any) -> str:
    return msgspec.json.encode(content).decode()

"""Parses the request target: each segment is decoded exactly once, so a name is only ever a name.

A URL library would fold ``/variables/..`` into another resource and cut names at ``;``.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from gateway.errors import InvalidRequest

_MAX_FIELDS = 100


def split(raw: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the decoded segments and the query of a raw request target.

    Raises:
        InvalidRequest: not UTF-8, an absolute form or no path, a parameter twice.
    """
    path, _, query = raw.partition("?")
    if not path.startswith("/"):
        raise InvalidRequest("The request target must be a path.")
    segments = path[1:].split("/")
    if "%" in path or not path.isascii():
        segments = [decoded(segment) for segment in segments]
    return tuple(segments), _parameters(query) if query else {}


def decoded(text: str, *, plus: bool = False) -> str:
    """Return a percent-encoded text decoded.

    Raises:
        InvalidRequest: not UTF-8.
    """
    if text.isascii() and "%" not in text and "+" not in text:
        return text
    if plus:
        text = text.replace("+", " ")
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The request target is not UTF-8.") from error


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for count, pair in enumerate(query.split("&")):
        if count >= _MAX_FIELDS:
            raise InvalidRequest("Too many query parameters.")
        name, _, value = pair.partition("=")
        name = decoded(name, plus=True)
        if not name and not value:
            continue
        if name in found:
            raise InvalidRequest(f"The query parameter {name} stands twice.")
        found[name] = value
    return found


def names(raw: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list; a comma inside a name is percent-encoded."""
    return tuple(dict.fromkeys(decoded(part, plus=True) for part in raw.split(",")))

r"""Texts in an engine's JSON that no UTF-8 carries: marked, so that one of them does not spoil everything beside it.

An engine may escape half a surrogate pair (``"\ud800"``), or put bytes of another encoding into its answer. Parsers
refuse such an answer as a whole. What must not live here: which variable a mark then belongs to (the adapters).
"""

from __future__ import annotations

import json
import re

from gateway.model.jsontext import fits_utf8

MARK_TEXT = "\x1avarbridge: no UTF-8 carries this text\x1a"
"""Stands for a text that was replaced; an engine that has this very text shows an error on it as well."""
MARK = json.dumps(MARK_TEXT).encode()
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MAY_BE_HALF = (b"\\ud", b"\\uD")


def mark_unreadable(content: bytes) -> bytes | None:
    """Return a JSON text with ``MARK`` in place of each text that no UTF-8 carries; None if it has no such text."""
    marked = _STRING.sub(_marked, content)
    return None if marked == content else marked


def _marked(found: re.Match[bytes]) -> bytes:
    string = found.group()
    return string if _is_readable(string) else MARK


def _is_readable(string: bytes) -> bool:
    if string.isascii() and not any(each in string for each in _MAY_BE_HALF):
        return True
    try:
        return fits_utf8(json.loads(string.decode()))
    except ValueError:  # not UTF-8, or an escape that JSON does not have
        return False

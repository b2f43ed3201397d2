"""Text for a terminal: characters that would act on the terminal, or hide text, are shown as escapes instead."""

from __future__ import annotations

import re

_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 (the escape character among them), DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, overrides and isolates that turn the direction of text
    "\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, and line ends
    "\ud800-\udfff]"  # lone surrogates, which no terminal can be sent
)
"""Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji need them."""
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def printable(text: str) -> str:
    """Return a text with what acts on a terminal spelled as JSON spells it (a line end as backslash and n)."""
    return _ACTING.sub(_escape, text)


def printable_lines(text: str) -> str:
    """Return a text of several lines with everything but its line ends made printable."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))

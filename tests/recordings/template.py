"""What counts as the same text or JSON where a recording has placeholders.

A placeholder that has a value stands for that value; one that has none takes what is found, if it has the right
shape. `{timestamp}` and `{hash}` never keep a value. Pure: no request is sent from here.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

Bindings = dict[str, str]

_PLACEHOLDER = re.compile(r"\{([A-Za-z][\w.#-]*)\}")
_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_FORGOTTEN = {
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000",
    "hash": r"[0-9a-f]+",
}


class Unbound(Exception):
    """A placeholder that is to be sent has no value."""


class Difference(NamedTuple):
    """Where two answers part, the recorded text and the one found."""

    where: str
    expected: str
    found: str


def fill(template: str, bound: Bindings) -> str:
    """Return the text to send.

    Raises:
        Unbound: A placeholder has no value yet.
    """

    def value(placeholder: re.Match[str]) -> str:
        if placeholder[1] not in bound:
            raise Unbound(placeholder[1])
        return bound[placeholder[1]]

    return _PLACEHOLDER.sub(value, template)


def match(template: str, text: str, bound: Bindings) -> bool:
    """Return whether the text fits the template; if so, new placeholders get their values in `bound`."""
    groups: dict[str, str] = {}
    parts: list[str] = []
    end = 0
    for placeholder in _PLACEHOLDER.finditer(template):
        parts += re.escape(template[end : placeholder.start()]), _pattern(placeholder[1], bound, groups)
        end = placeholder.end()
    fitting = re.fullmatch("".join(parts) + re.escape(template[end:]), text, re.DOTALL)
    if fitting is None:
        return False
    bound.update({name: fitting[group] for name, group in groups.items()})
    return True


def match_json(template: str, text: bytes, bound: Bindings) -> Difference | None:
    """Compares JSON as JSON: members in any order, lists in theirs, `1` is not `1.0`."""
    try:
        found = _parsed(text)
    except ValueError:
        return Difference("body", "JSON", repr(text[:200]))
    return _compared("body", _parsed(template), found, bound)


def _pattern(name: str, bound: Bindings, groups: dict[str, str]) -> str:
    if name in _FORGOTTEN:
        return _FORGOTTEN[name]
    if name in bound:
        return re.escape(bound[name])
    if name in groups:
        return f"(?P={groups[name]})"
    groups[name] = f"g{len(groups)}"
    return f"(?P<{groups[name]}>{_shape(name)})"


def _shape(name: str) -> str:
    kind, _, rest = name.partition(".")
    match kind:
        case "base":
            return r"https?://[^/\s]+/[\w-]+"
        case "definition":
            return re.escape(rest) + r":\d+:" + _ID
        case "activity":
            return re.escape(rest.rpartition("-")[0]) + ":" + _ID
        case _:
            return _ID


def _compared(where: str, template: Any, found: Any, bound: Bindings) -> Difference | None:
    match template, found:
        case dict(), dict():
            return _compared_members(where, template, found, bound)
        case list(), list() if len(template) == len(found):
            pairs = enumerate(zip(template, found, strict=True))
            return _first(_compared(f"{where}[{at}]", one, other, bound) for at, (one, other) in pairs)
        case str(), str() if match(template, found, bound):
            return None
        case _ if type(template) is type(found) and template == found:
            return None
        case _:
            return Difference(where, _shown(template), _shown(found))


def _compared_members(
    where: str, template: dict[str, Any], found: dict[str, Any], bound: Bindings
) -> Difference | None:
    names: dict[str, str] = {}
    for name in template:
        fitting = next((other for other in found if other not in names.values() and match(name, other, bound)), None)
        if fitting is None:
            return Difference(where, f"a member {name}", ", ".join(found) or "none")
        names[name] = fitting
    unexpected = found.keys() - names.values()
    if unexpected:
        return Difference(where, "no other member", ", ".join(sorted(unexpected)))
    return _first(_compared(f"{where}.{name}", template[name], found[other], bound) for name, other in names.items())


def _first(differences: Any) -> Difference | None:
    return next((difference for difference in differences if difference is not None), None)


def _parsed(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


def _shown(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)[:500]

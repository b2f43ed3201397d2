"""Entity tags: a digest of what a variable, or a selection of variables, is right now.

Equal tags mean equal *values*: type, format, and the value in a canonical form (a date-time by its instant, a
double by its number, JSON without its white space and key order, digits inside JSON as they are written). It is weak
where the content is not at hand (blobs in a listing, values that nobody can read) or must not count (blobs, unless the
engine is set to ``strong_binary``). What must not live here: headers (``gateway.web.v1.conditions``) and what a write
expects (``expect``).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

import msgspec

from gateway.errors import InvalidRequest, VarbridgeError
from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.model.results import Variable
from gateway.model.values import Value, instant, instant_text, text_of

BLOBS = frozenset({"bytes", "file"})
_STRUCTURED = frozenset({"json", "object", "list"})
_TEXTUAL = frozenset({"string", "xml", "bytes", "file"})
_BYTES = 24
"""Of SHA-256: 192 bits, which nobody collides, as 32 characters."""
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\uffff\udc80-\udcff]*")\Z')
_ELEMENT = re.compile(r'[ \t]*(?:((?:W/)?"[^"]*")[ \t]*)?(?:,|\Z)')

_decoder = msgspec.json.Decoder(float_hook=Number)
_encoder = msgspec.json.Encoder(order="sorted", enc_hook=jsontext.number_text)


class Tags(msgspec.Struct, frozen=True):
    """What ``If-Match`` or ``If-None-Match`` names: any representation at all (``*``), or these tags."""

    tags: tuple[str, ...] = ()
    anything: bool = False

    def strongly(self, current: str | None) -> bool:
        """Return whether a current tag is named and both are strong (RFC 9110, 8.8.3.2)."""
        return current is not None and not is_weak(current) and current in self.tags

    def weakly(self, current: str | None) -> bool:
        """Return whether a current tag is named, weak or not."""
        return current is not None and without_weakness(current) in map(without_weakness, self.tags)


def parse_tags(header: str) -> Tags:
    """Parse the tags of a header's value.

    Raises:
        InvalidRequest: neither ``*`` nor a list of quoted tags.
    """
    if header.strip(" \t") == "*":
        return Tags(anything=True)
    found: list[str] = []
    position = 0
    while position < len(header):
        element = _ELEMENT.match(header, position)
        if element is None or (element.group(1) and not _TAG.match(element.group(1))):
            raise InvalidRequest("An entity tag is written in double quotes; several are separated by commas.")
        position = element.end()
        if element.group(1):
            found.append(element.group(1))
    if not found:
        raise InvalidRequest("A condition names `*` or at least one entity tag.")
    return Tags(tuple(found))


def is_weak(tag: str) -> bool:
    """Return whether a tag is weak."""
    return tag.startswith("W/")


def without_weakness(tag: str) -> str:
    """Return a tag without the mark of a weak one."""
    return tag.removeprefix("W/")


def variable_tag(variable: Variable, *, strong_binary: bool = False) -> str:
    """Return the tag of one variable."""
    value = variable.value
    kind = value.type or ""
    content = canonical_text(value)
    strong = variable.error is None and bool(content) and (kind not in BLOBS or strong_binary)
    members = (kind, value.format, value.class_name, value.serialization, value.filename, value.media_type)
    head = (*members, value.encoding, variable.size if not content else None, variable.error)
    return _tag(_encoder.encode(head) + content, strong=strong)


def canonical_text(value: Value) -> bytes:
    """Return a text that is the same for equal values; never fails: what cannot be read stays as it is."""
    text = value.text
    if text in (b"", b"null"):
        return text
    try:
        match value.type:
            case kind if kind in _STRUCTURED:
                return _encoder.encode(_decoder.decode(text))
            case kind if kind in _TEXTUAL:
                return _encoder.encode(text_of(text))
            case "date-time":
                return instant_text(instant(text_of(text))).encode()
            case "number" if value.format == "double" and text[:1] != b'"':
                return repr(jsontext.numeric(text.decode())).encode()
            case "integer":
                return b"0" if text == b"-0" else text
            case _:
                return text
    except (msgspec.DecodeError, VarbridgeError, RecursionError, ValueError):
        return text


def selection_tag(tagged: Iterable[tuple[Variable, str]]) -> str:
    """Return the tag of a selection, made of its variables and their own tags in any order.

    It is strong even with blobs in it: a list shows them without content, and is the same if it shows the same. A write
    that touches one of them does not go by it (``expect``).
    """
    entries = sorted((each.name, each.scope.id if each.scope else "", tag) for each, tag in tagged)
    return _tag(_encoder.encode(entries), strong=True)


def _tag(content: bytes, *, strong: bool) -> str:
    text = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:_BYTES]).decode("ascii")
    return f'"{text}"' if strong else f'W/"{text}"'

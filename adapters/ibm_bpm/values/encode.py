"""From typed values to the vendor's JSON: exact, by a named rule, or refused before anything is sent."""

from __future__ import annotations

import msgspec

from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values import envelope, trees
from adapters.ibm_bpm.values.stored import Stored
from gateway.errors import (
    Fault,
    InvalidJson,
    PayloadTooLarge,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    ValueTooLong,
)
from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree
from gateway.model.values import Value, instant, text_of

NAME_LENGTH = 255
"""Nothing is documented; a longer name than any engine's is refused alike everywhere."""
_LOOKS_LIKE_ENVELOPE = "The value looks like an envelope of bytes; give it the type bytes or file."
_INT32 = 1 << 31
"""The engine's Integer has 32 bits (seen on 8.6.2)."""


class Encoded(msgspec.Struct, frozen=True):
    """A value for the engine, the rules that were needed, and whether it is the envelope of a blob."""

    tree: Tree
    rules: tuple[str, ...] = ()
    is_envelope: bool = False


def check_name(name: str) -> None:
    """Refuse an overlong name.

    Raises:
        ValueTooLong: more than 255 characters.
    """
    if len(name) > NAME_LENGTH:
        raise ValueTooLong(f"A name has at most {NAME_LENGTH} characters.")


def encode(name: str, value: Value, settings: Settings, pointer: str) -> Encoded:
    """Return a checked value as the engine takes it; what is stored is grafted on later (``placed``).

    Raises:
        ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: with the pointer.
    """
    try:
        check_name(name)
        return _encoded(value, settings, settings.types.get(name))
    except (ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported) as error:
        if error.errors:
            raise
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error


def _encoded(value: Value, settings: Settings, declared: str | None) -> Encoded:
    if value.transient:
        raise Unsupported("This engine has no transient variables.")
    if value.is_null():
        return _null(value)
    match value.type:
        case "boolean":
            return Encoded(value.text == b"true")
        case "integer":
            return _integer(value.text.decode(), settings)
        case "number":
            return _number(value.text)
        case "string":
            return Encoded(_text(value.text, settings))
        case "xml":
            return Encoded(_text(value.text, settings), () if declared == "xml" else ("xml-to-string",))
        case "date-time":
            return _date_time(text_of(value.text), settings, declared)
        case "bytes" | "file":
            tree, rule = envelope.closed(value, settings)
            return Encoded(tree, () if rule is None else (rule,), is_envelope=isinstance(tree, dict))
        case _:
            return Encoded(_structured(value, settings))


def _null(value: Value) -> Encoded:
    """Return null; of a file only its name was given then, as other engines show one whose content is elsewhere.

    Raises:
        ValueInvalid: it is a file.
    """
    if value.type == "file":
        raise ValueInvalid("A file needs content; it may be empty.")
    return Encoded(None)


def _text(raw: bytes, settings: Settings) -> str:
    if settings.binary == "envelope" and envelope.opened_text(raw) is not None:
        raise ValueNotRepresentable(_LOOKS_LIKE_ENVELOPE)
    return text_of(raw)


def _integer(text: str, settings: Settings) -> Encoded:
    if -_INT32 <= int(text) < _INT32:
        return Encoded(Number(text))
    if settings.int64 == "string":
        return Encoded(text, ("int64-to-string",))
    raise ValueNotRepresentable("The engine's Integer has 32 bits.")


def _number(text: bytes) -> Encoded:
    if text[:1] == b'"':
        raise ValueNotRepresentable("The engine's Decimal is finite.")
    return Encoded(Number(text.decode()))


def _date_time(text: str, settings: Settings, declared: str | None) -> Encoded:
    moment = instant(text)
    rules = () if declared == "date-time" else ("date-time-to-string",)
    if moment.microsecond:
        if settings.fractions == "refuse":
            raise ValueNotRepresentable("The engine keeps dates to the second.")
        rules = ("date-truncated-to-seconds", *rules)
    # an offset instead of Z is refused by the server with CWTBG0546E
    return Encoded(f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z", rules)


def _structured(value: Value, settings: Settings) -> Tree:
    try:
        tree = jsontext.parse(value.text)
    except (InvalidJson, PayloadTooLarge) as error:
        raise ValueInvalid(error.detail) from error
    if not isinstance(tree, (dict, list)):
        raise ValueNotRepresentable("The engine could not tell this JSON text from a plain value; give its own type.")
    if value.serialization not in {None, "application/json"}:
        raise ValueNotRepresentable("The engine keeps objects as JSON only.")
    if value.class_name is not None and not isinstance(tree, dict):
        raise ValueNotRepresentable("The engine's lists have no class; leave `className` out.")
    if settings.metadata == "strip":
        tree = trees.clean(tree)
    _check_reads_back(tree, value, settings)
    if value.class_name is not None and isinstance(tree, dict) and trees.METADATA not in tree:
        tree = {**tree, trees.METADATA: {"className": value.class_name}}
    return tree


def _check_reads_back(tree: Tree, value: Value, settings: Settings) -> None:
    """Refuse what would be read back as something else: a list's wrapper, an envelope, a class without a place."""
    if settings.metadata == "as_given":
        if value.class_name is not None and trees.class_name(tree) != value.class_name:
            raise ValueNotRepresentable("This engine takes values as given: write `@metadata.className` into it.")
    elif trees.looks_like_list(tree):
        raise ValueNotRepresentable("An object of just `items` and `selected` is a list to the engine; give the list.")
    if envelope.opened(tree) is not None:
        raise ValueNotRepresentable(_LOOKS_LIKE_ENVELOPE)


def place(name: str, encoded: Encoded, stored: Stored | None, settings: Settings) -> Tree:
    """Return a value as it is written: structured ones grafted on what is stored, new lists in their documented form.

    Args:
        name: of the variable.
        encoded: the value.
        stored: what the instance holds, None for a new instance.
        settings: whether to graft, and which types are declared.

    Raises:
        EngineMisbehaved: what is stored cannot be read.
    """
    tree = encoded.tree
    if not isinstance(tree, (dict, list)):
        return tree
    if encoded.is_envelope:
        return envelope.place(tree, b"" if stored is None else stored.text(name), settings.types.get(name))
    if settings.metadata == "as_given":
        return tree
    if settings.metadata == "graft" and stored is not None:
        tree = _graft(tree, stored.tree(name))
    if isinstance(tree, list) and settings.new_lists == "wrapped":
        return trees.wrap(tree)
    return tree


def _graft(encoded: Tree, stored: Tree) -> Tree:
    given = trees.class_name(encoded)
    if given is not None and given == trees.class_name(stored) and encoded[trees.METADATA] == {"className": given}:
        encoded = {key: child for key, child in encoded.items() if key != trees.METADATA}
    return trees.graft(encoded, stored)

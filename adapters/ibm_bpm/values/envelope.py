"""Bytes and files, which the vendor does not have: as base64 text, in a typed envelope, or refused, by setting.

An envelope is an object in a structured variable, and its JSON text in a variable that is a text.
"""

from __future__ import annotations

import base64
import binascii

from adapters.ibm_bpm.settings import Settings
from gateway.errors import InvalidJson, PayloadTooLarge, Unsupported, ValueInvalid
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.values import Value, json_text, text_of

KIND = "varbridge.file"
_WORD = KIND.encode()
_MEMBERS = ("filename", "mediaType", "encoding")
_TEXTS = frozenset({"string", "xml"})


def closed(value: Value, settings: Settings) -> tuple[Tree, str | None]:
    """Return the tree that stands for a blob, and the rule that was needed.

    Raises:
        Unsupported: the engine is set to refuse blobs.
        ValueInvalid: a file without a name.
    """
    if value.type == "file" and not value.filename:
        raise ValueInvalid("A file needs a `filename`.")
    text = text_of(value.text)
    match settings.binary:
        case "base64":
            return text, "binary-to-base64"
        case "envelope":
            members = dict(zip(_MEMBERS, (value.filename, value.media_type, value.encoding), strict=True))
            return {"@type": KIND, **members, "data": text}, None
        case _:
            raise Unsupported("This engine is set to refuse bytes and files.")


def place(tree: Tree, stored: bytes, declared: str | None) -> Tree:
    """Return an envelope as the variable takes it: as text where that holds a text or is declared as one.

    Args:
        tree: the envelope.
        stored: JSON text of what the variable holds now, empty where it holds nothing.
        declared: the type that the variable is declared with, where that is known.
    """
    if declared not in _TEXTS and (declared is not None or stored[:1] != b'"'):
        return tree
    before = opened_text(stored) if stored[:1] == b'"' else None
    if before is not None and before == opened(tree):
        return text_of(stored)  # the same blob, as somebody else has spelled it
    return jsontext.write(tree).decode()


def opened(tree: Tree) -> Value | None:
    """Return the blob that an envelope holds; None for anything else."""
    if not isinstance(tree, dict) or tree.get("@type") != KIND:
        return None
    data = tree.get("data")
    if not isinstance(data, str) or decoded(data) is None:
        return None
    filename, media_type, encoding = (_text(tree.get(member)) for member in _MEMBERS)
    return Value(
        type="bytes" if filename is None else "file",
        value=json_text(data),
        filename=filename,
        media_type=media_type if filename is not None else None,
        encoding=encoding if filename is not None else None,
    )


def is_like_envelope(raw: bytes) -> bool:
    """Return whether a JSON text may hold an envelope, in either form; most texts are told apart by this alone."""
    return _WORD in raw


def opened_text(raw: bytes) -> Value | None:
    """Return the blob whose envelope is the content of a JSON string; None for any other text."""
    if not is_like_envelope(raw):
        return None
    try:
        return opened(jsontext.parse(text_of(raw)))
    except (InvalidJson, PayloadTooLarge, ValueInvalid):
        return None


def decoded(text: str) -> bytes | None:
    """Return the bytes of a text that is strict base64 (padded, nothing else in it); None for another text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def content_of(value: Value, settings: Settings) -> bytes:
    """Return the bytes of a blob or, where blobs are kept as base64, of a text that is strict base64.

    Raises:
        ValueInvalid: the value is neither.
    """
    if value.type in {"bytes", "file"} or (value.type == "string" and settings.binary == "base64"):
        content = decoded(text_of(value.text))
        if content is not None:
            return content
        raise ValueInvalid("The text is not base64, so it holds no bytes.")
    raise ValueInvalid("The variable is neither bytes nor a file.")


def _text(member: Tree) -> str | None:
    return member if isinstance(member, str) else None

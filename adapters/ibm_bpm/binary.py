"""Bytes and files, which the vendor does not have: refused, as base64 text, or in a typed envelope, by setting."""

from __future__ import annotations

import base64
import binascii

from adapters.ibm_bpm.settings import Settings
from gateway.errors import Unsupported, ValueInvalid
from gateway.model.jsontext import Tree
from gateway.model.values import Value, json_text, text_of

KIND = "varbridge.file"
_MEMBERS = ("filename", "mediaType", "encoding")


def closed(value: Value, settings: Settings) -> tuple[Tree, str | None]:
    """Give the tree that stands for a blob, and the rule that was needed.

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


def opened(tree: Tree) -> Value | None:
    """Give the blob that an envelope holds; None for anything else."""
    if not isinstance(tree, dict) or tree.get("@type") != KIND or not isinstance(tree.get("data"), str):
        return None
    try:
        base64.b64decode(tree["data"], validate=True)
    except (binascii.Error, ValueError):
        return None
    filename, media_type, encoding = (_text(tree.get(member)) for member in _MEMBERS)
    return Value(
        type="bytes" if filename is None else "file",
        value=json_text(tree["data"]),
        filename=filename,
        media_type=media_type if filename is not None else None,
        encoding=encoding if filename is not None else None,
    )


def _text(member: Tree) -> str | None:
    return member if isinstance(member, str) else None

"""Errors as the vendor spells them, in JSON and in XML.

Texts are localised and may hold values, so only numbers decide. The counterpart, for successes, is ``answers``.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from gateway.plan import VendorResponse

_NUMBER = re.compile(r"CW[A-Z]{3}\d{4}[A-Z]")
# {"map":null /* ERROR: … java.util.HashMap */}
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*")|/\*.*?\*/', re.DOTALL)


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error, as far as the answer tells it."""

    number: str | None = None
    parameters: tuple[str, ...] = ()
    known: bool = False
    """Whether the body is one of the vendor's error shapes at all."""


def without_comments(body: bytes) -> bytes:
    """Return a JSON text without the comments that servers before the fixes JR42095 and JR44513 put into it."""
    if b"/*" not in body:
        return body
    return _COMMENT.sub(lambda found: found.group(1) or b"", body)


def error_in(answer: VendorResponse) -> WireError | None:
    """Return the error that an answer carries, whatever its HTTP status; None if it carries none.

    An unreadable or empty body is an error only beyond 2xx.
    """
    body = answer.content()
    text = body.lstrip()
    if text[:1] == b"<":
        return _xml_error(body) or (WireError() if answer.status >= 300 else None)  # noqa: PLR2004
    try:
        tree = msgspec.json.decode(without_comments(body)) if text else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = None
    failed = answer.status >= 300  # noqa: PLR2004
    found = _json_error(tree, failed=failed) if isinstance(tree, dict) else None
    return found or (WireError() if failed else None)


def _json_error(tree: dict[str, Any], *, failed: bool) -> WireError | None:
    inner = _inner(tree, failed=failed)
    number = inner.get("errorNumber") or inner.get("error_number")
    message = str(inner.get("errorMessage") or inner.get("error_message") or "")
    said_so = says_error(tree.get("status")) or says_error(inner.get("status"))
    if number is None and not said_so and not (message and (failed or inner is not tree)):
        return None
    parameters = inner.get("errorMessageParameters") or inner.get("error_message_parameters") or ()
    listed = parameters if isinstance(parameters, (list, tuple)) else (parameters,)
    return WireError(
        number=str(number).strip() if number is not None else _number(message),
        parameters=tuple(str(each) for each in listed),
        known=True,
    )


def _inner(tree: dict[str, Any], *, failed: bool) -> dict[str, Any]:
    """Return the object with the members of an error: ``Data``, ``data`` of what is no success, or the whole."""
    names = ("Data", "data") if failed or says_error(tree.get("status")) else ("Data",)
    return next((nested for name in names if isinstance(nested := tree.get(name), dict)), tree)


def says_error(status: Any) -> bool:
    """Return whether a status means an error: ``"error"``, or an HTTP status of one, as text or number."""
    text = str(status).strip().lower()
    return text == "error" or (text.isdecimal() and 400 <= int(text) < 600)  # noqa: PLR2004


def _number(message: str) -> str | None:
    """Return the number that a message begins with: ``CWTBG0014E: The state …``."""
    found = _NUMBER.match(message.strip())
    return found.group(0) if found else None


def _xml_error(body: bytes) -> WireError | None:
    """Parse ``<RestRuntimeException><Data><errorNumber>…``; anything else is no error of the vendor (a login page)."""
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        return None
    if not root.tag.endswith("RestRuntimeException"):
        return None
    texts: dict[str, list[str]] = {}
    for node in root.iter():
        texts.setdefault(node.tag.rpartition("}")[2], []).append((node.text or "").strip())
    numbers = texts.get("errorNumber") or [_number(texts.get("errorMessage", [""])[0]) or ""]
    return WireError(number=numbers[0] or None, parameters=tuple(texts.get("errorMessageParameters", ())), known=True)

"""The vendor's JSON and XML, in the vendor's spelling. Nothing outside this folder knows it.

Success is ``{"status": "200", "data": {…}}``, an error ``{"status": "error", "Data": {…}}``; the number also stands at
the top, as ``errorNumber`` or ``error_number``, on newer resources. HTTP 200 may wrap an error.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from gateway.errors import EngineMisbehaved
from gateway.plan import VendorRequest, VendorResponse

T = TypeVar("T")
JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
ACCEPT = (("Accept", "application/json"),)
_INSTANCE = re.compile(r"(?:2072\.|BPDInstance\.)?0*(\d{1,18})\Z", re.ASCII)
_NO_JSON = "The engine's answer is not the JSON it should be."
_NUMBER = re.compile(r"CW[A-Z]{3}\d{4}[A-Z]")
# {"map":null /* ERROR: … java.util.HashMap */}: servers before the fixes JR42095 and JR44513
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*")|/\*.*?\*/', re.DOTALL)


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error as far as it can be told. Texts are localised and may hold values: only numbers decide."""

    number: str | None = None
    parameters: tuple[str, ...] = ()
    known: bool = False
    """Whether the body is one of the vendor's error shapes at all."""


class WireDetails(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` of a process; ``parts=data`` alone has neither id nor state."""

    piid: Any = None
    name: str | None = None
    state: str | None = None
    executionState: str | None = None  # noqa: N815 - the vendor's spelling
    processTemplateID: str | None = None  # noqa: N815
    processTemplateName: str | None = None  # noqa: N815
    snapshotID: str | None = None  # noqa: N815
    snapshotTip: Any = None  # noqa: N815
    executionTree: Any = None  # noqa: N815
    diagram: Any = None
    variables: msgspec.Raw = msgspec.Raw(b"null")


class _One(WireDetails, frozen=True, kw_only=True):
    """A process where a list is meant, or the wrapper of one."""

    items: list[WireDetails] | None = None


class WireDetailsList(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` of ``process?action=getdetails``."""

    processDetails: list[WireDetails] | _One | None  # noqa: N815


class _Success(msgspec.Struct, frozen=True, kw_only=True):
    status: Any = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_success = msgspec.json.Decoder(_Success)
_details = msgspec.json.Decoder(WireDetails)
_details_list = msgspec.json.Decoder(WireDetailsList)
_tree: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
encoder = msgspec.json.Encoder()


def succeeded(answer: VendorResponse, engine: str) -> bytes:
    """Give the text of ``data`` of an answer that is a success.

    Raises:
        EngineMisbehaved: it is no envelope of the vendor (a login page, a cut-off text).
    """
    body = answer.content()
    try:
        _ = body.decode()  # msgspec checks no text that it only passes over
        return bytes(_success.decode(_without_comments(body)).data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EngineMisbehaved(_NO_JSON, engine=engine, engine_status=answer.status) from error


def _decoded(decoder: msgspec.json.Decoder[T], answer: VendorResponse, engine: str, otherwise: str) -> T:
    """Give ``data`` of an answer that is a success; ``otherwise`` says what it is not."""
    text = succeeded(answer, engine)
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EngineMisbehaved(otherwise, engine=engine, engine_status=answer.status) from error


def done(answer: VendorResponse, engine: str) -> None:
    """Make sure that an answer is a success of which nothing else is wanted; it may be empty (seen for ``cancel``).

    Raises:
        EngineMisbehaved: it is no envelope of the vendor, so nobody knows what was done.
    """
    if answer.content().strip():
        _ = succeeded(answer, engine)


def details(answer: VendorResponse, engine: str) -> WireDetails:
    """Give the process of an answer that is a success.

    Raises:
        EngineMisbehaved: it is not what the API documents.
    """
    return _decoded(_details, answer, engine, "The engine's answer holds no process.")


def details_list(answer: VendorResponse, engine: str) -> list[WireDetails]:
    """Give the processes of an answer that is a success.

    Raises:
        EngineMisbehaved: it is not what the API documents.
    """
    listed = _decoded(_details_list, answer, engine, "The engine's answer holds no processes.").processDetails
    if isinstance(listed, _One):
        return [listed] if listed.items is None else listed.items
    return listed or []


def tree_of(answer: VendorResponse, engine: str) -> Any:
    """Give ``data`` of an answer that is a success, where its numbers may be rounded.

    Raises:
        EngineMisbehaved: it is no envelope of the vendor.
    """
    return _decoded(_tree, answer, engine, _NO_JSON)


def members(listed: Any) -> list[Any]:
    """Give the members of a list: bare, in a wrapper (``{"items": […]}``), null for none, or the only one by itself."""
    if isinstance(listed, dict) and isinstance(listed.get("items"), list):
        listed = listed["items"]
    if listed is None:
        return []
    return listed if isinstance(listed, list) else [listed]


def instance_number(spelled: Any) -> str | None:
    """Give the number of an instance: ``1355``, ``"1355"``, ``2072.1355`` and ``BPDInstance.1355`` are the same."""
    found = _INSTANCE.match(str(spelled))
    return found.group(1) if found else None


def _without_comments(body: bytes) -> bytes:
    if b"/*" not in body:
        return body
    return _COMMENT.sub(lambda found: found.group(1) or b"", body)


def error_in(answer: VendorResponse) -> WireError | None:
    """Give the error that an answer carries, whatever its HTTP status; None if it carries none.

    An unreadable or empty body is an error only beyond 2xx.
    """
    body = answer.content()
    text = body.lstrip()
    if text[:1] == b"<":
        return _xml_error(body) or (WireError() if answer.status >= 300 else None)  # noqa: PLR2004
    try:
        tree = msgspec.json.decode(_without_comments(body)) if text else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = None
    failed = answer.status >= 300  # noqa: PLR2004
    found = _json_error(tree, failed=failed) if isinstance(tree, dict) else None
    return found or (WireError() if failed else None)


def _json_error(tree: dict[str, Any], *, failed: bool) -> WireError | None:
    inner = _inner(tree, failed=failed)
    number = inner.get("errorNumber") or inner.get("error_number")
    message = str(inner.get("errorMessage") or inner.get("error_message") or "")
    said_so = _says_error(tree.get("status")) or _says_error(inner.get("status"))
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
    """Give the object with the members of an error: ``Data``, ``data`` of what is no success, or the whole."""
    names = ("Data", "data") if failed or _says_error(tree.get("status")) else ("Data",)
    return next((nested for name in names if isinstance(nested := tree.get(name), dict)), tree)


def _says_error(status: Any) -> bool:
    """Tell ``"error"``; a status is the HTTP status otherwise, as text or number."""
    text = str(status).strip().lower()
    return text == "error" or (text.isdecimal() and 400 <= int(text) < 600)  # noqa: PLR2004


def _number(message: str) -> str | None:
    """Give the number that a message begins with: ``CWTBG0014E: The state …``."""
    found = _NUMBER.match(message.strip())
    return found.group(0) if found else None


def _xml_error(body: bytes) -> WireError | None:
    """Read ``<RestRuntimeException><Data><errorNumber>…``; anything else is no error of the vendor (a login page)."""
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


def reading(*path: str, query: tuple[tuple[str, str], ...] = ()) -> VendorRequest:
    """Give a GET, which never changes the engine."""
    return VendorRequest(method="GET", path=path, query=query, headers=ACCEPT, writes=False, idempotent=True)


def writing(*path: str, body: bytes) -> VendorRequest:
    """Give a PUT of absolute values: twice equals once."""
    return VendorRequest(method="PUT", path=path, headers=JSON, body=body, writes=True, idempotent=True)

"""Bodies of ``/v1`` that hold variables, decoded strictly; faults are named by JSON Pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import msgspec

from gateway.errors import Fault, InvalidRequest, PayloadTooLarge
from gateway.model.values import Value, resolve_type
from gateway.web.http import body
from gateway.web.http.limits import RequestLimits
from gateway.web.v1.context import RequestContext
from gateway.web.v1.hints import HINTS
from gateway.web.v1.typed_values import ANYWHERE, Address, mend

T = TypeVar("T")


class PatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Body of ``PATCH …/variables``: typed values to set, then names to delete."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"modifications": {"amount": {"value": 5}}, "deletions": ["old"]}

    modifications: dict[str, Value] = {}
    deletions: list[str] = []


_TYPED = msgspec.structs.replace(
    HINTS, notes={Value: "To send plain JSON, PATCH with `Content-Type: application/merge-patch+json`."}
)
_FLAT = 4
"""Levels of a patch of scalars: the body, its modifications, each value, and one array at most in one of them."""
_patch_decoder = msgspec.json.Decoder(PatchBody)
_encoder = msgspec.json.Encoder()
_merge_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value_decoder = msgspec.json.Decoder(Value)


async def decode(context: RequestContext, decoder: msgspec.json.Decoder[T], address: Address = ANYWHERE) -> T:
    """Receive a body that may hold typed values, and return it decoded, strictly.

    Raises:
        InvalidJson, InvalidRequest, PayloadTooLarge: with the pointer of what is wrong.
    """
    return body.decode(decoder, await receive(context), context.services.limits, HINTS, mend(address))


async def receive(context: RequestContext) -> bytes:
    """Receive a JSON body; a byte order mark in front of it is dropped, as nothing is in doubt.

    Raises:
        PayloadTooLarge, InvalidRequest: as for ``body.receive``. InvalidJson: it is not in UTF-8.
    """
    return body.utf8(await body.receive(context.request, context.services.limits))


def patch(content: bytes, limits: RequestLimits, find_address: Callable[[], Address] = lambda: ANYWHERE) -> PatchBody:
    """Return the decoded body of a patch.

    Args:
        content: the body.
        limits: of a caller's body.
        find_address: returns where the values go; called only where they may hold members that must agree with it.

    Raises:
        InvalidJson, InvalidRequest, PayloadTooLarge: with the pointer of what is wrong.
    """
    decoded = _at_a_glance(content) if limits.max_depth >= _FLAT else None
    decoded = decoded or body.decode(_patch_decoder, content, limits, _TYPED, mend(find_address()))
    if len(decoded.modifications) + len(decoded.deletions) > limits.max_names:
        raise PayloadTooLarge(f"A patch has at most {limits.max_names} names.")
    return decoded


def _at_a_glance(content: bytes) -> PatchBody | None:
    """Return a decoded patch of scalars at a fraction of the cost; None only means: read it strictly.

    Without a backslash every quote begins or ends a string: as many are there when what was decoded is written again,
    or a key stands twice. There is a brace for each value and two around them, or an object is inside a value. A value
    that is absent is written with its key, so it is looked for.
    """
    if b"\\" in content or content.count(b"[") > 1 or not (content.isascii() or _is_utf8(content)):
        return None
    try:
        decoded = _patch_decoder.decode(content)
    except msgspec.DecodeError:
        return None
    if content.count(b"{") != len(decoded.modifications) + 2:
        return None
    again = _encoder.encode(decoded)
    if content.count(b'"') != again.count(b'"') or b'"value":}' in again or b'"value":,' in again:
        return None
    return decoded


def _is_utf8(content: bytes) -> bool:
    try:
        _ = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check_count(names: int, limits: RequestLimits) -> None:
    """Refuse more variables than one request may have.

    Raises:
        PayloadTooLarge: it has.
    """
    if names > limits.max_names:
        raise PayloadTooLarge(f"A request has at most {limits.max_names} names.")


def merge(content: bytes, limits: RequestLimits) -> dict[str, msgspec.Raw]:
    """Return the members of a merge patch on the set of variables.

    Raises:
        InvalidJson, InvalidRequest, PayloadTooLarge: with the pointer of what is wrong.
    """
    body.check_strict(content, limits)
    try:
        members = _merge_decoder.decode(content)
    except msgspec.ValidationError as error:
        detail = 'A merge patch on the set of variables is a JSON object, for example `{"amount": 5, "old": null}`.'
        raise InvalidRequest(detail, errors=(Fault("", "no object"),)) from error
    if len(members) > limits.max_names:
        raise PayloadTooLarge(f"A patch has at most {limits.max_names} names.")
    return members


def value(content: bytes, limits: RequestLimits, address: Address) -> Value:
    """Return the decoded typed value of a PUT.

    Raises:
        InvalidJson, InvalidRequest, PayloadTooLarge: with the pointer of what is wrong.
    """
    given = body.decode(_value_decoder, content, limits, _TYPED, mend(address))
    if given.type is not None:
        _known(given.type, None, "/type")
        _known(given.type, given.format, "/format")
    return given


def _known(kind: str, form: str | None, pointer: str) -> None:
    """Refuse an unknown type or format at its own pointer; later only the pointer of the value is known."""
    try:
        _ = resolve_type(kind, form)
    except InvalidRequest as error:
        raise InvalidRequest(error.detail, errors=(Fault(pointer, error.detail),)) from error

"""Bodies of requests in Camunda's language: JSON that can be read in one way only, and the typed values in it.

The engine itself passes over members that it does not know, and of a name that stands twice it takes the last one.
Here both are refused, since nobody can tell what the caller meant. What must not live here: what a body is for
(``decode``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from gateway.errors import (
    Fault,
    InvalidJson,
    InvalidRequest,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
)
from gateway.model import jsontext
from gateway.model.values import NULL, SYNONYMS, Value, with_vendor_info
from gateway.port import DialectRequest

S = TypeVar("S")
_JSON = "application/json"
_RANGES = (_JSON, "application/*", "*/*")
"""Media ranges that include JSON; the most specific one decides."""
_REFUSES = re.compile(r"q\s*=\s*0(?:\.0{0,3})?\Z")
TYPES = frozenset(
    (
        "Null", "Boolean", "Short", "Integer", "Long", "Double", "String", "Date", "Bytes", "File", "Json", "Object",
        "Xml",
    )
) & SYNONYMS.keys()  # fmt: skip
"""Camunda's names of types; only the first letter's case is free (recording ``type-upper-case``)."""


class GivenValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One variable as callers write it; ``local`` means nothing here, as on the engine's own patches."""

    value: msgspec.Raw = NULL
    type: str | None = None
    valueInfo: dict[str, Any] | None = None  # noqa: N815 - the vendor's spelling
    local: Any = None


_value_decoder = msgspec.json.Decoder(GivenValue)


def read_json(request: DialectRequest, decoder: msgspec.json.Decoder[S]) -> S:
    """Return the body of a request: a JSON object with the members that a decoder knows.

    Raises:
        UnsupportedMediaType, InvalidJson, PayloadTooLarge: as ``read_body``. InvalidRequest: it is something else.
    """
    return _decode(read_body(request), decoder)


def read_filters(
    request: DialectRequest,
    decoder: msgspec.json.Decoder[S],
    from_query: Callable[[Mapping[str, str]], S],
    check: Callable[[str, Any], None] | None = None,
) -> S:
    """Return the filters of a search: of a GET from its parameters, of a POST from its body.

    Args:
        request: the search.
        decoder: knows the members of a body.
        from_query: returns the same from parameters.
        check: refuses a member of a body that cannot be evaluated; it is given each with its content. None = the
            decoder refuses those that it does not know.

    Raises:
        MethodNotAllowed: neither GET nor POST. UnsupportedMediaType, NotAcceptable, InvalidJson: only JSON is spoken.
        InvalidRequest: a filter that has another form, or what ``from_query`` and ``check`` raise.
    """
    match request.method:
        case "GET" | "HEAD":
            check_accepted(request)
            return from_query(request.query)
        case "POST":
            body = read_body(request)
            given = _decode(body, decoder)
            if check is not None:
                for member, content in msgspec.json.decode(body, type=dict[str, Any]).items():
                    check(member, content)
            return given
        case _:
            raise MethodNotAllowed


def _decode(body: bytes, decoder: msgspec.json.Decoder[S]) -> S:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.") from error


def read_values(given: Mapping[str, msgspec.Raw] | None, member: str) -> dict[str, Value]:
    """Return typed values by name.

    Args:
        given: name to the value as it is written; None = no names.
        member: where they stand in the body.

    Raises:
        InvalidRequest: as ``read_value``.
    """
    return {
        name: read_value(bytes(raw), name, f"/{member}/{jsontext.escape(name)}") for name, raw in (given or {}).items()
    }


def read_value(text: bytes, name: str, pointer: str) -> Value:
    """Return the typed value of a variable; what it is beyond that, the owner's adapter checks.

    Raises:
        InvalidRequest: it is no object of type, value and valueInfo, or says two things.
    """
    try:
        given = _value_decoder.decode(text)
        return _typed(given, pointer)
    except msgspec.ValidationError as error:
        detail = f"The variable is an object with value, type and valueInfo: {error}."
        raise InvalidRequest(detail, errors=(Fault(pointer or f"/{jsontext.escape(name)}", detail),)) from error


def _typed(given: GivenValue, pointer: str) -> Value:
    kind = given.type if given.type is None else given.type[:1].upper() + given.type[1:]
    if kind is not None and kind not in TYPES:
        detail = f"Unsupported value type '{given.type}'"
        raise InvalidRequest(detail, errors=(Fault(pointer, detail),))
    info = {member: content for member, content in (given.valueInfo or {}).items() if content is not None}
    if not info:
        return Value(type=kind, value=given.value)
    more: dict[str, Any] = {"type": kind, "valueInfo": info}
    with_vendor_info(more, pointer)
    return msgspec.structs.replace(msgspec.convert(more, Value), value=given.value)


def read_body(request: DialectRequest) -> bytes:
    """Return a JSON body that can be read in one way only.

    Raises:
        UnsupportedMediaType: it is not said to be JSON. InvalidJson, PayloadTooLarge: it is not such a text.
        InvalidRequest: it is no object.
    """
    kind = find_header(request, "content-type").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise UnsupportedMediaType("Give the body as application/json.")
    body = request.body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise InvalidJson("The body is empty.")
    if not isinstance(jsontext.parse(body), dict):
        raise InvalidRequest("The body is a JSON object.")
    return body


def check_accepted(request: DialectRequest) -> None:
    """Refuse a caller that takes no JSON; who does not say what it takes takes anything.

    Raises:
        NotAcceptable: it takes other things only.
    """
    accepted = ",".join(value for name, value in request.headers.items() if name.lower() == "accept")
    if accepted in {"", "*/*", _JSON}:
        return
    said = dict(map(_range, accepted.split(",")))
    if not next((said[each] for each in _RANGES if each in said), False):
        raise NotAcceptable("The answer is application/json.")


def _range(text: str) -> tuple[str, bool]:
    """Return a media range without its parameters, and whether the caller takes it at all."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    return kind, not any(map(_REFUSES.match, parameters))


def find_header(request: DialectRequest, name: str) -> str:
    """Return a header by its name in lower case; empty where there is none."""
    return next((value for key, value in request.headers.items() if key.lower() == name), "")

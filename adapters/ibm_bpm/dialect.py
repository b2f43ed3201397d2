"""IBM's REST API as a language of callers: what requests are about, the vendor's errors, what stays hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

import msgspec

from gateway.errors import InvalidRequest, VarbridgeError
from gateway.plan import VendorResponse
from gateway.port import Dialect, DialectRequest, RequestFacts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OVERRIDES = frozenset({"x-method-override", "x-http-method-override"})
_MODIFICATIONS = frozenset({"moveToken", "deleteToken"})
_SEARCHES = (("search", "query"), ("tasks",), ("process", "search"), ("processes", "search"))
_NAMESPACE = "http://rest.bpm.ibm.com/v1/data/exception"
_MEMBER = re.compile(rb'"programmersDetails"\s*:\s*')
_ELEMENT = re.compile(
    rb"(<(?:[\w.-]+:)?programmersDetails(?:\s[^>]*)?(?<!/)>)"
    rb"(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|.)*?"
    rb"(</(?:[\w.-]+:)?programmersDetails\s*>|\Z)",
    re.DOTALL,
)
"""The element with its content, which may hold its own end as text; a text that was cut off ends within it."""
NUMBERS: Mapping[str, str] = {
    code: f"VBG{number:04d}E"
    for number, code in enumerate(
        (
            "internal", "invalid-json", "invalid-request", "unauthenticated", "forbidden", "route-not-found",
            "engine-not-found", "method-not-allowed", "not-acceptable", "instance-ambiguous", "request-in-progress",
            "bridge-transition-refused", "precondition-failed", "payload-too-large", "unsupported-media-type",
            "value-invalid", "value-not-representable", "value-too-long", "capability-unsupported",
            "idempotency-key-reused", "precondition-required", "rate-limited", "overloaded", "draining",
            "instance-not-found", "variable-not-found", "instance-state-conflict", "concurrent-update", "engine-error",
            "engine-misbehaved", "engine-credentials-rejected", "engine-unavailable", "engine-timeout",
            "outcome-unknown", "store-unavailable", "scope-not-found", "operation-not-found",
            "cursor-expired", "task-not-found",
        ),
        start=1,
    )
}  # fmt: skip
"""Numbers of the gateway's own errors; the vendor's are never invented. New codes go to the end."""


class IbmBpmDialect(Dialect):
    """The language of ``/rest/bpm/wle/v1``."""

    vendor = "ibm_bpm"
    scrubs = True
    hides = b"programmersDetails"
    forms = frozenset({"action", "bpdId"})  # what is too long for a URL travels as a form, the whole query with it
    proofs = frozenset({"bpmcsrftoken", "x-xsrf-token"})

    def facts(self, request: DialectRequest) -> RequestFacts:
        """Return what a request is about; a method override is resolved first, what is not certain passes through.

        Raises:
            InvalidRequest: the method is overridden in two ways.
        """
        query = request.query
        safe = _resolve_method(request) in _SAFE
        match request.segments:
            case ("process", instance, "variable" | "variables" | "allVariables", *_):
                return RequestFacts(
                    scope="variables:read" if safe else "variables:write", writes=not safe, instance=instance
                )
            case ("process", instance) if safe:
                return RequestFacts(scope="variables:read", writes=False, instance=instance)
            case ("process", instance) if query.get("action") in _MODIFICATIONS:
                return RequestFacts(scope="modification", writes=True, instance=instance)
            case ("process", instance) if query.get("action") == "js":  # how variables were set before 8.5.6
                return RequestFacts(scope="variables:write", writes=True, instance=instance)
            case ("bulk", *_):  # holds any other calls, which the server takes apart, not we
                return RequestFacts(scope="admin", writes=True)
            case ("process",) if query.get("action") == "start":
                return RequestFacts(scope="instances:start", writes=True, definition=query.get("bpdId"))
            case ("process",) if query.get("action") == "getdetails":
                return RequestFacts(scope="variables:read", writes=False)
            case _:
                safe = safe or request.segments in _SEARCHES
                return RequestFacts(scope="passthrough:read" if safe else "passthrough:write", writes=not safe)

    def encode_error(self, error: VarbridgeError, accept: str) -> VendorResponse:
        """Return an error as JSON or, where ``Accept`` asks for it, as XML; what is 422 elsewhere is 400 here."""
        status = 400 if error.status == 422 else error.status  # noqa: PLR2004
        number = NUMBERS[error.code]
        kind = f"varbridge.{type(error).__name__}"
        message = f"{number}: {error.detail}"
        if "xml" in accept and "json" not in accept:
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?><RestRuntimeException xmlns="{_NAMESPACE}">'
                f"<status>error</status><Data><status>error</status><exceptionType>{kind}</exceptionType><errorNumber>{number}</errorNumber>"
                f"<errorMessage>{escape(message)}</errorMessage><programmersDetails></programmersDetails></Data>"
                "</RestRuntimeException>"
            )
            return VendorResponse(status, (("Content-Type", "application/xml"),), body.encode())
        data: dict[str, object] = {
            "status": "error",
            "exceptionType": kind,
            "errorNumber": number,
            "errorMessage": message,
            "errorMessageParameters": [],
            "responses": None,
            "errorData": None,
        }
        tree = {"status": "error", "Data": data}
        return VendorResponse(status, (("Content-Type", "application/json"),), msgspec.json.encode(tree))

    def scrub(self, body: bytes) -> bytes:
        """Return a body without ``programmersDetails``, which may hold scripts and SQL; all else byte for byte.

        In XML the element stays, emptied: the vendor's schema makes it mandatory (page "variable-put", XML schema).
        """
        if self.hides not in body:
            return body
        if body.lstrip()[:1] == b"<":
            return _ELEMENT.sub(rb"\1\2", body)
        return _without_members(body)


def _resolve_method(request: DialectRequest) -> str:
    """Return the method that the server will carry out, which a header or parameter may override.

    The documentation allows it for POST alone. A safe method that is overridden counts as what it says all the same:
    a server that is laxer than its documentation must not be talked into a write.

    Raises:
        InvalidRequest: the method is overridden in two ways, and nobody knows which of them counts.
    """
    method, pairs = request.method, (*request.headers.items(), *request.query.items())
    said = {value.strip().upper() for name, value in pairs if name.lower() in _OVERRIDES}
    if not said:
        return method
    if len(said) > 1:
        raise InvalidRequest("The method is overridden in two ways.")
    return said.pop() if method == "POST" or method in _SAFE else method


def _without_members(body: bytes) -> bytes:
    """Return a JSON text without the members that are hidden, and without one of the commas beside each."""
    found = _MEMBER.search(body)
    while found is not None:
        start, end = found.start(), _end_of_value(body, found.end())
        after = re.compile(rb"\s*,\s*").match(body, end)
        if after:
            end = after.end()
        else:
            before = re.compile(rb",\s*\Z").search(body, 0, start)
            start = before.start() if before else start
        body = body[:start] + body[end:]
        found = _MEMBER.search(body, start)
    return body


def _end_of_value(body: bytes, start: int) -> int:
    text = body[start:].decode("utf-8", "surrogateescape")
    try:
        _, length = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return len(body)  # a cut-off text: what follows could be the rest of it
    return start + len(text[:length].encode("utf-8", "surrogateescape"))

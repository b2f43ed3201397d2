"""Errors in IBM's words, in JSON and XML: for each class of the gateway's errors the status, the exception, the number.

``ERRORS`` is what a caller sees of a request that was to be carried out as commands: what the vendor's own server would
answer. Everything else has a number of the gateway's own. Here is also what answers must not show. What the answers of
servers mean is in ``adapters.ibm_bpm.faults``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

from adapters.ibm_bpm.dialect.media import JSON, XML, wants_xml
from adapters.ibm_bpm.dialect.xml import error_document
from adapters.ibm_bpm.wire import task_number
from gateway import errors
from gateway.errors import VarbridgeError
from gateway.plan import VendorResponse
from gateway.port import DialectRequest, RequestFacts

HIDDEN = b"programmersDetails"
_VARIABLE = re.compile("/(?:modifications|variables)/([^/]*)")
_UNKNOWN = re.compile(rb"CWTBG00(?:59|19|25)E|CWTBG0553E")
"""Numbers that may mean an instance that the server does not have: 0059E not found, 0553E no such id can be; 0019E and
0025E are any failure, of which "not found" has been recorded."""
_NUMBER = re.compile(rb"CWTBG\d{4}E")
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
            "internal", "capability-unsupported", "invalid-request", "unauthenticated", "forbidden", "route-not-found",
            "engine-not-found", "method-not-allowed", "not-acceptable", "instance-ambiguous", "request-in-progress",
            "bridge-transition-refused", "precondition-failed", "payload-too-large", "unsupported-media-type",
            "value-invalid", "value-not-representable", "value-too-long", "invalid-json",
            "idempotency-key-reused", "precondition-required", "rate-limited", "overloaded", "draining",
            "instance-not-found", "variable-not-found", "instance-state-conflict", "concurrent-update", "engine-error",
            "engine-misbehaved", "engine-credentials-rejected", "engine-unavailable", "engine-timeout",
            "outcome-unknown", "store-unavailable", "scope-not-found", "operation-not-found",
            "cursor-expired", "task-not-found", "plan-not-found", "link-not-found",
        ),
        start=1,
    )
}  # fmt: skip
"""Numbers of the gateway's own errors; the vendor's are never invented. What this language cannot say is ``VBG0002E``,
which clients look for; the others are in the order in which they came. New codes go to the end."""


class ErrorForm(msgspec.Struct, frozen=True):
    """How IBM's server tells an error: HTTP status, and exception and number, where the vendor has some for it."""

    status: int
    exception: str | None = None
    number: str | None = None


_WLE = "com.ibm.bpm.wle.api."
ERRORS: Mapping[type[VarbridgeError], ErrorForm] = {
    errors.VarbridgeError: ErrorForm(500),
    errors.Internal: ErrorForm(500),
    errors.Refusal: ErrorForm(400),
    errors.InvalidJson: ErrorForm(400),
    errors.InvalidRequest: ErrorForm(400),
    errors.ValueInvalid: ErrorForm(400),
    errors.ValueNotRepresentable: ErrorForm(400),
    errors.ValueTooLong: ErrorForm(400),
    errors.Unsupported: ErrorForm(400),
    errors.Unauthenticated: ErrorForm(401),
    errors.Forbidden: ErrorForm(403),
    errors.TokenRejected: ErrorForm(403, number="CWTBG0651E"),  # recorded of a token that is missing or has ended
    errors.RouteNotFound: ErrorForm(404),
    errors.EngineNotFound: ErrorForm(404),
    errors.OperationNotFound: ErrorForm(404),
    errors.PlanNotFound: ErrorForm(404),
    errors.LinkNotFound: ErrorForm(404),
    errors.MethodNotAllowed: ErrorForm(405),
    errors.NotAcceptable: ErrorForm(406),
    errors.UnsupportedMediaType: ErrorForm(415),
    errors.InstanceAmbiguous: ErrorForm(409),
    errors.CursorExpired: ErrorForm(409),
    errors.RequestInProgress: ErrorForm(409),
    errors.BridgeTransitionRefused: ErrorForm(409),
    errors.PreconditionFailed: ErrorForm(412),
    errors.PayloadTooLarge: ErrorForm(413),
    errors.IdempotencyKeyReused: ErrorForm(400),
    errors.PreconditionRequired: ErrorForm(428),
    errors.RateLimited: ErrorForm(429),
    errors.Overloaded: ErrorForm(503),
    errors.StoreUnavailable: ErrorForm(503),
    errors.Draining: ErrorForm(503),
    errors.EngineFailure: ErrorForm(502),
    errors.InstanceNotFound: ErrorForm(404, f"{_WLE}InstanceDoesNotExistException", "CWTBG0059E"),
    errors.ScopeNotFound: ErrorForm(404),
    errors.VariableNotFound: ErrorForm(404),
    errors.TaskNotFound: ErrorForm(404),
    errors.EngineForbidden: ErrorForm(403),
    errors.InstanceStateConflict: ErrorForm(409, f"{_WLE}WrongStateException", "CWTBG0014E"),
    errors.ConcurrentUpdate: ErrorForm(409),
    errors.EngineError: ErrorForm(502),
    errors.EngineMisbehaved: ErrorForm(502),
    errors.EngineCredentialsRejected: ErrorForm(502),
    errors.EngineUnavailable: ErrorForm(503),
    errors.CircuitOpen: ErrorForm(503),
    errors.EngineTimeout: ErrorForm(504),
    errors.OutcomeUnknown: ErrorForm(504),
}
"""Every class of ``gateway.errors``; the vendor's numbers stand only where a server has been seen to give them."""


_NO_TOKEN = (errors.ValueInvalid, errors.InstanceStateConflict)
_NO_SUCH_TOKEN = ErrorForm(404, f"{_WLE}ObjectDoesNotExistException", "CWTBG0013E")
_NO_SUCH_PROCESS = ErrorForm(404, number="CWTBG0047E")
"""Of a start, as recorded with 404; its exception is not."""
_PARAMETERS = {"activityInstanceId": "tokenId", "activityId": "target"}
"""Members of an instruction, and the parameters of an action that they were made of."""


def misses(answer: VendorResponse, facts: RequestFacts) -> bool:
    """Return whether a server's answer may mean that there is no such instance or task.

    No recording shows what a server says of an unknown task, so any 404 of the vendor counts, and of an id that no task
    of a server can have any refusal.
    """
    if answer.status not in {400, 404, 500}:
        return False
    if facts.task is None or _UNKNOWN.search(answer.content()):
        return _UNKNOWN.search(answer.content()) is not None
    is_vendors = _NUMBER.search(answer.content()) is not None
    return is_vendors and (answer.status == 404 or task_number(facts.task) is None)  # noqa: PLR2004


def encode_error(error: VarbridgeError, accept: str, translated: DialectRequest | None) -> VendorResponse:
    """Return an error in the vendor's envelope.

    Args:
        error: what went wrong.
        accept: what the caller takes.
        translated: the request, where it was to be carried out as commands; None = the gateway speaks of itself.
    """
    form = (
        ErrorForm(400 if error.status == 422 else error.status)  # noqa: PLR2004
        if translated is None
        else _form(error, translated)
    )
    number = form.number or NUMBERS[error.code]
    kind = form.exception or f"varbridge.{type(error).__name__}"
    return _spelled(form.status, kind, number, f"{number}: {_detail(error, translated)}", accept)


def _form(error: VarbridgeError, request: DialectRequest) -> ErrorForm:
    if isinstance(error, errors.ValueInvalid) and any(fault.pointer == "/definition" for fault in error.errors):
        return _NO_SUCH_PROCESS
    if isinstance(error, _NO_TOKEN) and any(name == "tokenId" for name in _parameters(error, request)):
        return _NO_SUCH_TOKEN
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def _parameters(error: VarbridgeError, request: DialectRequest) -> list[str]:
    """Return the parameters of an action that are at fault, in the vendor's words for them."""
    if request.query.get("action") not in {"moveToken", "deleteToken"}:
        return []
    said = [fault.pointer.rpartition("/")[2] for fault in error.errors]
    return list(dict.fromkeys(_PARAMETERS.get(name, name) for name in said))


def _detail(error: VarbridgeError, translated: DialectRequest | None) -> str:
    """Return what happened, naming the variables or parameters concerned where a request names several."""
    if translated is None:
        return error.detail
    if parameters := _parameters(error, translated):
        return f"{error.detail} ({', '.join(parameters)})"
    named = [found for fault in error.errors if (found := _VARIABLE.match(fault.pointer))]
    if not named:
        return error.detail
    names = ", ".join(found[1].replace("~1", "/").replace("~0", "~") for found in named)
    return f"variable {names}: {error.detail}"


def _spelled(status: int, kind: str, number: str, message: str, accept: str) -> VendorResponse:
    if wants_xml(accept):
        return VendorResponse(status, (("Content-Type", XML),), error_document(kind, number, message))
    data: dict[str, object] = {
        "status": "error",
        "exceptionType": kind,
        "errorNumber": number,
        "errorMessage": message.encode("utf-8", "replace").decode(),  # names in paths may be no UTF-8
        "errorMessageParameters": [],
        "responses": None,
        "errorData": None,
    }
    tree = {"status": "error", "Data": data}
    return VendorResponse(status, (("Content-Type", JSON),), msgspec.json.encode(tree))


def scrub(body: bytes) -> bytes:
    """Return a body without ``programmersDetails``; all else byte for byte.

    In XML the element stays, emptied: the vendor's schema makes it mandatory (page "variable-put", XML schema).
    """
    if HIDDEN not in body:
        return body
    if body.lstrip()[:1] == b"<":
        return _ELEMENT.sub(rb"\1\2", body)
    return _without_members(body)


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

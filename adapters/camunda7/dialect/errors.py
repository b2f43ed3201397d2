"""Errors in Camunda's words: for each class of the gateway's errors the status, the type and the code.

``ERRORS`` is what a caller sees of a request that was to be carried out as commands: what the vendor's own engine would
answer. Errors of requests that are only relayed carry the name of the gateway's class, since no engine made them.
What engines answer means is in ``adapters.camunda7.faults``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from adapters.camunda7.dialect.facts import below_engine
from adapters.camunda7.dialect.messages import MISMATCH, is_mismatch
from adapters.camunda7.dialect.modification import describe_faults
from adapters.camunda7.dialect.state import may_be_gone
from adapters.camunda7.dialect.tasks import failed_completion, misses_task, missing_task
from adapters.camunda7.faults import error_of
from gateway import errors
from gateway.errors import VarbridgeError
from gateway.plan import VendorResponse
from gateway.port import DialectRequest, RequestFacts

_JSON = (("Content-Type", "application/json"),)
_UNKNOWN = (
    "execution is null",  # Cannot get process instance variable a: execution 1 doesn't exist: execution is null
    "Process instance with id",  # Process instance with id 1 does not exist
    "No process instance found for id",  # No process instance found for id '1': processInstance is null
    "The process instance does not exist",  # ENGINE-13036 Process instance '1' cannot be modified. The process …
)
"""What the engine says of an instance or execution that it does not have (``tests/recordings``)."""


class ErrorForm(msgspec.Struct, frozen=True):
    """How Camunda tells an error: HTTP status, ``type``, and ``code``."""

    status: int
    type: str
    code: int | None = None


_INVALID = ErrorForm(400, "InvalidRequestException")
_FAILED = ErrorForm(500, "RestException", 0)
_BAD_PAGE = ErrorForm(404, "QueryParamException")
"""A page that is no number (recording ``page-not-a-number``), the one thing of a known path that is not found."""
_NO_EXECUTION = ErrorForm(500, "NullValueException", 0)
_NOT_FOUND = ErrorForm(404, "InvalidRequestException")
_NOT_DELETED = ErrorForm(404, "InvalidRequestException", 0)
_MISMATCHED = ErrorForm(400, "RestException", 0)
_NOT_MODIFIED = ErrorForm(500, "ProcessEngineException", 0)
ERRORS: Mapping[type[VarbridgeError], ErrorForm] = {
    errors.VarbridgeError: ErrorForm(500, "Internal"),
    errors.Internal: ErrorForm(500, "Internal"),
    errors.Refusal: _INVALID,
    errors.InvalidJson: _INVALID,
    errors.InvalidRequest: _INVALID,
    errors.ValueInvalid: _INVALID,
    errors.ValueNotRepresentable: _INVALID,
    errors.ValueTooLong: ErrorForm(400, "RestException", 0),
    errors.Unsupported: _INVALID,
    errors.Unauthenticated: ErrorForm(401, "Unauthenticated"),
    errors.Forbidden: ErrorForm(403, "Forbidden"),
    errors.TokenRejected: ErrorForm(403, "TokenRejected"),
    errors.RouteNotFound: ErrorForm(404, "NotFoundException"),
    errors.EngineNotFound: ErrorForm(404, "EngineNotFound"),
    errors.OperationNotFound: ErrorForm(404, "OperationNotFound"),
    errors.PlanNotFound: ErrorForm(404, "PlanNotFound"),
    errors.LinkNotFound: ErrorForm(404, "LinkNotFound"),
    errors.MethodNotAllowed: ErrorForm(405, "NotAllowedException"),
    errors.NotAcceptable: ErrorForm(406, "NotAcceptableException"),
    errors.UnsupportedMediaType: ErrorForm(415, "NotSupportedException"),
    errors.InstanceAmbiguous: ErrorForm(409, "InstanceAmbiguous"),
    errors.CursorExpired: ErrorForm(409, "CursorExpired"),
    errors.RequestInProgress: ErrorForm(409, "RequestInProgress"),
    errors.BridgeTransitionRefused: ErrorForm(409, "BridgeTransitionRefused"),
    errors.PreconditionFailed: ErrorForm(412, "PreconditionFailed"),
    errors.PayloadTooLarge: ErrorForm(413, "PayloadTooLarge"),
    errors.IdempotencyKeyReused: ErrorForm(400, "IdempotencyKeyReused"),
    errors.PreconditionRequired: ErrorForm(428, "PreconditionRequired"),
    errors.RateLimited: ErrorForm(429, "RateLimited"),
    errors.Overloaded: ErrorForm(503, "Overloaded"),
    errors.StoreUnavailable: ErrorForm(503, "StoreUnavailable"),
    errors.Draining: ErrorForm(503, "Draining"),
    errors.EngineFailure: _FAILED,
    errors.InstanceNotFound: _FAILED,
    errors.ScopeNotFound: _FAILED,
    errors.VariableNotFound: _NOT_FOUND,
    errors.TaskNotFound: _FAILED,
    errors.EngineForbidden: ErrorForm(403, "AuthorizationException"),
    errors.InstanceStateConflict: _FAILED,
    errors.ConcurrentUpdate: ErrorForm(500, "RestException", 1),  # optimistic locking: clients try again
    errors.EngineError: _FAILED,
    errors.EngineMisbehaved: ErrorForm(502, "EngineMisbehaved"),
    errors.EngineCredentialsRejected: ErrorForm(502, "EngineCredentialsRejected"),
    errors.EngineUnavailable: ErrorForm(503, "EngineUnavailable"),
    errors.CircuitOpen: ErrorForm(503, "EngineUnavailable"),
    errors.EngineTimeout: ErrorForm(504, "EngineTimeout"),
    errors.OutcomeUnknown: ErrorForm(504, "OutcomeUnknown"),
}
"""Every class of ``gateway.errors``; only codes that the vendor's own engine would give are in it."""
_JAX = {
    "QueryParamException": "HTTP 404 Not Found",
    "NotFoundException": "HTTP 404 Not Found",
    "NotAllowedException": "HTTP 405 Method Not Allowed",
    "NotAcceptableException": "HTTP 406 Not Acceptable",
    "NotSupportedException": "HTTP 415 Unsupported Media Type",
}
"""What the engine's HTTP library says by itself, the same for every path."""
_READS = frozenset({"GET", "HEAD"})
_LISTS = (("variables",), ("localVariables",))
"""What follows the owner of variables in the path of a list of them."""
_NO_TASK = (errors.TaskNotFound, errors.ScopeNotFound, errors.InstanceNotFound)
"""A task that is gone is told like one that never was; so is one of no instance."""
_VARIABLE = re.compile("/(?:modifications|variables|localVariables|correlationKeys|localCorrelationKeys)/([^/]*)")
_VERBS = {"GET": "get", "HEAD": "get", "PUT": "put", "POST": "put", "DELETE": "delete"}


def misses(answer: VendorResponse, facts: RequestFacts) -> bool:
    """Return whether an engine's answer may mean that there is no such instance, execution or task."""
    message = error_of(answer).message or ""
    if facts.task is not None:
        return answer.status in {400, 404, 500} and misses_task(message)
    if facts.in_body:
        return answer.status == 400 and MISMATCH in message  # noqa: PLR2004
    return answer.status in {404, 500} and any(text in message for text in _UNKNOWN)


def encode_error(error: VarbridgeError, translated: DialectRequest | None) -> VendorResponse:
    """Return an error as ``{"type", "message", "code"}``.

    Args:
        error: what went wrong.
        translated: the request, where it was to be carried out as commands; None = the gateway speaks of itself.
    """
    if translated is None:
        status = 400 if error.status == 422 else error.status  # noqa: PLR2004
        return _spelled(ErrorForm(status, type(error).__name__), error.detail)
    if isinstance(error, errors.InstanceNotFound) and may_be_gone(translated):
        return VendorResponse(204)
    form = _form(error, translated)
    return _spelled(form, _JAX.get(form.type) or _message(error, form, translated))


def _spelled(form: ErrorForm, message: str) -> VendorResponse:
    readable = message.encode("utf-8", "replace").decode()  # names in paths may be no UTF-8
    body = {"type": form.type, "message": readable, "code": form.code}
    return VendorResponse(form.status, _JSON, msgspec.json.encode(body))


def _form(error: VarbridgeError, request: DialectRequest) -> ErrorForm:
    """Return how an error is told; what is missing is 404 to whoever reads the instance itself, else mostly 500."""
    if is_mismatch(error, request):
        return _MISMATCHED
    path = below_engine(request.segments)
    if isinstance(error, _NO_TASK) and request.method in _READS and path[2:] in _LISTS:
        return _NO_EXECUTION
    if isinstance(error, errors.InstanceNotFound):
        match path:
            case ("process-instance", _) | (_, _, "activity-instances") if request.method in _READS:
                return _NOT_FOUND
            case (_, _, "modification"):
                return _NOT_MODIFIED
            case ("process-instance", _) if request.method == "DELETE":
                return _NOT_DELETED
    if isinstance(error, errors.RouteNotFound):
        return _BAD_PAGE
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def _message(error: VarbridgeError, form: ErrorForm, request: DialectRequest) -> str:
    """Return the engine's sentence for a call on an instance or a task; other calls have the error's own."""
    match below_engine(request.segments):
        case ("message",) if is_mismatch(error, request):
            return f"org.camunda.bpm.engine.{MISMATCH}: {error.detail}"
        case ("message",) | ("process-definition", *_):
            return _with_names(error)
        case ("task", task, "complete" | "submit-form" as call):
            return failed_completion(task, call, _reason(error, request))
        case (_, _, "variables" | "localVariables", *_) as path:
            return _of_variables(error, form, request, path)
        case ("process-instance", instance, *below):
            return _of_instance(error, request.method, instance, below)
        case _:
            return error.detail


def _of_instance(error: VarbridgeError, method: str, instance: str, below: list[str]) -> str:
    """Return the engine's sentence for a call on an instance itself."""
    missing = isinstance(error, errors.InstanceNotFound)
    match below:
        case [] if missing and method == "DELETE":
            return f"No process instance found for id '{instance}': processInstance is null"
        case [] | ["activity-instances"] if missing:
            return f"Process instance with id {instance} does not exist"
        case ["modification"] if missing:
            return f"ENGINE-13036 Process instance '{instance}' cannot be modified. The process instance does not exist"
        case ["modification"]:
            return describe_faults(error)
        case _:
            return error.detail


def _of_variables(error: VarbridgeError, form: ErrorForm, request: DialectRequest, path: tuple[str, ...]) -> str:
    """Return the engine's sentence for a call on variables, or on the content of one."""
    resource, owner = path[0].replace("-", " "), path[1]
    match path[3:]:
        case ():
            return _set_message(_reason(error, request), form, request.method, resource, owner)
        case (name, *_) if isinstance(error, errors.VariableNotFound):
            return f"{resource} variable with name {name} does not exist"
        case (_, "data") if isinstance(error, errors.ValueInvalid) and request.method != "POST":
            return f"Value of variable with id {owner} is not a binary value."
        case (name, *_):
            verb, reason = _VERBS.get(request.method), _reason(error, request)
            return reason if verb is None else f"Cannot {verb} {resource} variable {name}: {reason}"
        case _:
            return error.detail


def _set_message(reason: str, form: ErrorForm, method: str, noun: str, instance: str) -> str:
    if method != "POST":
        return reason
    whose = noun if form.status == 400 else f"{noun} {instance}"  # noqa: PLR2004 - as the engine does
    return f"Cannot modify variables for {whose}: {reason}"


def _reason(error: VarbridgeError, request: DialectRequest) -> str:
    """Return why, naming the variables concerned, which the engine itself does not."""
    resource, named, call = below_engine(request.segments)[:3]
    if resource == "task" and isinstance(error, _NO_TASK):
        return missing_task(named, request.method, call)
    if isinstance(error, errors.InstanceNotFound):
        return f"execution {named} doesn't exist: execution is null"
    return _with_names(error)


def _with_names(error: VarbridgeError) -> str:
    """Return what happened, naming the variables concerned."""
    pointed = [_VARIABLE.match(fault.pointer) for fault in error.errors]
    names = ", ".join(found[1].replace("~1", "/").replace("~0", "~") for found in pointed if found)
    return f"variable {names}: {error.detail}" if names else error.detail

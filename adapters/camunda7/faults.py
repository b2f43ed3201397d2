"""What the engine's error answers mean. Engine messages may hold values, so none of them goes into an error's detail.

Facts: ``tests/recordings``; the order of the rows decides.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

import msgspec

from adapters.camunda7.settings import Settings
from adapters.camunda7.wire import (
    WireError,
    decode_body,
    error_decoder,
    names_decoder,
    owned_decoder,
    query_request,
    read_request,
)
from gateway.errors import (
    ConcurrentUpdate,
    EngineCredentialsRejected,
    EngineError,
    EngineForbidden,
    EngineMisbehaved,
    EngineUnavailable,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidRequest,
    Outcome,
    OutcomeUnknown,
    ValueInvalid,
    ValueTooLong,
    VarbridgeError,
    VariableNotFound,
)
from gateway.plan import VendorRequest, VendorResponse

# "Cannot get process instance variable x: execution 1 doesn't exist: execution is null", code 0
_MISSING = ("doesn't exist: execution is null", "execution is null")
_CONFLICTS = {1, 10000, 10001}
_TOO_LONG = 10002
_VALUE = (
    "Cannot convert value",
    "Unsupported value type",
    "Must provide 'null' or String value",
    "Cannot find serializer",
    "Cannot write serialized value",
    "Cannot serialize value",
    "ENGINE-17006",
    "ENGINE-17007",
)

_MAX_NAMES = 100
"""Rows that are read to find the name that was meant; the engine has no read of names alone, and sends their values."""

Failing = Generator[VendorRequest, VendorResponse, NoReturn]
Missing = Generator[VendorRequest, VendorResponse, VariableNotFound]


def failed(engine: str, answer: VendorResponse, instance: str, *, writes: bool) -> Failing:
    """Raise what an answer that is no success means; asks once more where a 500 may be a missing instance.

    Raises:
        VarbridgeError: always.
    """
    body = error_of(answer)
    if answer.status == 500 and any(text in (body.message or "") for text in _MISSING):  # noqa: PLR2004
        _ = yield from confirm(engine, instance)
    raise translate(engine, answer, writes=writes)


def confirm(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, str]:
    """Read which process instance an id means: itself, or the one that an execution is in.

    Raises:
        InstanceNotFound: it is not.
    """
    for kind in ("process-instance", "execution"):
        answer = yield read_request(kind, instance)
        if answer.status == 200:  # noqa: PLR2004
            return decode_body(owned_decoder, answer, engine).processInstanceId or instance
        if answer.status != 404:  # noqa: PLR2004
            raise translate(engine, answer, writes=False)
    raise InstanceNotFound(engine=engine, engine_status=404)


def missing_variable(engine: str) -> VariableNotFound:
    """Return the error for a name that the instance does not have."""
    return VariableNotFound(engine=engine, engine_status=404)


def find_meant(engine: str, settings: Settings, scope: str, name: str) -> Missing:
    """Return the error for a name that a scope does not have, with the names that it has, one of which may be meant.

    These are the first hundred, by one more request. If that fails, the error stands without names.

    Args:
        engine: its name.
        settings: its own; ``page_size`` may be below a hundred.
        scope: id of the instance, execution or task that was looked at.
        name: the name that is not there.
    """
    error = missing_variable(engine)
    rows = str(min(_MAX_NAMES, settings.page_size))
    query = (("deserializeValues", "false"), ("firstResult", "0"), ("maxResults", rows))
    try:
        answer = yield query_request("variable-instance", body={"variableScopeIdIn": [scope]}, query=query)
        known = decode_body(names_decoder, answer, engine) if answer.status == 200 else []  # noqa: PLR2004
    except VarbridgeError:
        return error
    return error.among((row.name for row in known), name)


def error_of(answer: VendorResponse) -> WireError:
    """Return an error's body as far as it can be read; engines answer JSON, text and HTML."""
    if not isinstance(answer.body, bytes):
        return WireError()
    try:
        return error_decoder.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return WireError(message=answer.body[:2000].decode("utf-8", "replace"))


def translate(engine: str, answer: VendorResponse, *, writes: bool) -> VarbridgeError:
    """Return the error that an answer stands for, by status, code and, last, words that the vendor keeps stable."""
    kind = _kind(answer, error_of(answer), writes=writes)
    body = error_of(answer)
    code = str(body.code) if body.code is not None else body.type
    outcome: Outcome | None = None if kind in {OutcomeUnknown, EngineMisbehaved} and writes else "not_applied"
    return kind(engine=engine, engine_status=answer.status, engine_code=code, outcome=outcome)


def _kind(answer: VendorResponse, body: WireError, *, writes: bool) -> type[VarbridgeError]:
    message = body.message or ""
    match answer.status:
        case 401:
            return EngineCredentialsRejected
        case 403:
            return EngineForbidden
        case 400:
            return _by_words(message) or InvalidRequest
        case 500 if body.code in _CONFLICTS:
            return ConcurrentUpdate
        case 500 if body.code == _TOO_LONG:
            return ValueTooLong
        case 500:
            return _by_words(message) or EngineError
        case 502 | 504:
            return OutcomeUnknown if writes else EngineUnavailable
        case 503:
            return EngineUnavailable
        case status if status > 500:  # noqa: PLR2004
            return EngineError
        case _:
            return EngineMisbehaved


def _by_words(message: str) -> type[VarbridgeError] | None:
    if "Variable value is too long" in message:
        return ValueTooLong
    if any(text in message for text in _VALUE):
        return ValueInvalid
    if "is suspended" in message:
        return InstanceStateConflict
    if "no authenticated tenant" in message:
        return EngineForbidden
    return None

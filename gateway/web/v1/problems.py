"""Errors as RFC 9457 problem details: the one place where an error becomes an answer of ``/v1``."""

from __future__ import annotations

import msgspec

from gateway.errors import Fault, VarbridgeError
from gateway.web.http.answers import Answer

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A problem as callers see it. ``instance`` is the request id; ``errors`` hold JSON Pointers."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    outcome: str
    instance: str = ""
    engine: str | None = None
    engine_status: int | None = None
    engine_code: str | None = None
    errors: tuple[Fault, ...] = ()
    applied: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    etag: str | None = None
    """The current tag, of ``precondition-failed``."""


def problem(error: VarbridgeError, request_id: str = "", engine: str = "") -> Problem:
    """Return an error's problem. ``engine``: the one that the request is about, used if the error names none."""
    return Problem(
        type=f"urn:varbridge:problem:{error.code}",
        title=error.title(),
        status=error.status,
        detail=error.detail,
        code=error.code,
        retryable=error.retryable,
        outcome=error.outcome,
        instance=request_id,
        engine=error.engine or engine or None,
        engine_status=error.engine_status,
        engine_code=error.engine_code,
        errors=error.errors,
        applied=error.applied,
        candidates=error.candidates,
        etag=dict(error.headers).get("ETag"),
    )


def answer(error: VarbridgeError, request_id: str, engine: str = "") -> Answer:
    """Return an error's answer."""
    return Answer(
        status=error.status,
        body=msgspec.json.encode(problem(error, request_id, engine)),
        headers=error.headers,
        media_type=MEDIA_TYPE,
        outcome=error.code,
    )

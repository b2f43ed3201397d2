"""Camunda's REST API as a language of callers: what a request is about, and errors in the vendor's shape."""

from __future__ import annotations

import re

import msgspec

from gateway.errors import VarbridgeError
from gateway.plan import VendorResponse
from gateway.port import Dialect, DialectRequest, RequestFacts

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLL = re.compile(rb'"asyncResponseTimeout"\s*:\s*(\d{1,9})')
# POSTs that only ask; the rest of them change something
_QUERIES = frozenset(
    (
        "process-instance",
        "execution",
        "task",
        "variable-instance",
        "external-task",
        "incident",
        "job",
        "batch",
        "process-definition",
        "deployment",
        "event-subscription",
    )
)
_VARIABLES = frozenset({"variables", "localVariables"})


class Camunda7Dialect(Dialect):
    """The language of ``/engine-rest``."""

    vendor = "camunda7"

    def facts(self, request: DialectRequest) -> RequestFacts:
        """Return what a request is about; whatever is not certain passes through."""
        path = request.segments
        if path[:1] == ("engine",) and len(path) > 2:  # noqa: PLR2004 - the name of an engine, and the rest
            path = path[2:]
        safe = request.method in _SAFE
        match path:
            case ("process-instance", instance, kind, *_) if kind in _VARIABLES:
                return RequestFacts(scope=_of("variables", safe=safe), writes=not safe, instance=instance)
            case ("execution" | "task", _, kind, *_) if kind in _VARIABLES:
                return RequestFacts(scope=_of("variables", safe=safe), writes=not safe)
            case ("history", "variable-instance", *rest) if safe or rest in ([], ["count"]):
                return RequestFacts(scope="variables:read", writes=False)
            case ("variable-instance", *_):
                return RequestFacts(scope="variables:read", writes=False)
            case ("process-instance", instance, "modification") if not safe:
                return RequestFacts(scope="modification", writes=True, instance=instance)
            case ("process-instance", instance) if safe:
                return RequestFacts(scope="instances:read", writes=False, instance=instance)
            case ("process-instance",) | ("process-instance", "count"):
                return RequestFacts(scope="instances:read", writes=False)
            case ("process-definition", *_, "start" | "submit-form"):
                return RequestFacts(scope="instances:start", writes=True, definition=_definition(path))
            case _:
                return _other(path, safe=safe or _asks(path))

    def encode_error(self, error: VarbridgeError, accept: str) -> VendorResponse:
        """Return an error as ``{"type", "message", "code"}``; what is 422 elsewhere is 400 here."""
        del accept
        status = 400 if error.status == 422 else error.status  # noqa: PLR2004
        body = {"type": type(error).__name__, "message": error.detail, "code": None}
        return VendorResponse(status, (("Content-Type", "application/json"),), msgspec.json.encode(body))

    def poll_s(self, body: bytes) -> float:
        """Return ``asyncResponseTimeout`` of ``fetchAndLock``, which is in milliseconds there."""
        found = _POLL.search(body)
        return int(found.group(1)) / 1000 if found else 0.0


def _definition(path: tuple[str, ...]) -> str | None:
    """Return the key of what is started. An id is ``key:version:number``; one too long for that has no key in it."""
    match path[1:-1]:
        case ("key", key) | ("key", key, "tenant-id", _):
            return key
        case (definition,):
            return definition.partition(":")[0]
        case _:
            return None


def _of(kind: str, *, safe: bool) -> str:
    return f"{kind}:read" if safe else f"{kind}:write"


def _asks(path: tuple[str, ...]) -> bool:
    """Return whether a POST only queries: a bare resource or its count, here or below ``history``."""
    match path[:-1] if path[-1:] == ("count",) else path:
        case ("history", _):
            return True
        case (resource,):
            return resource in _QUERIES
        case _:
            return False


def _other(path: tuple[str, ...], *, safe: bool) -> RequestFacts:
    return RequestFacts(
        scope=_of("passthrough", safe=safe), writes=not safe, polls=path == ("external-task", "fetchAndLock")
    )

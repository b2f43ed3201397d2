"""Camunda's REST API as a language of callers: what a request asks for, and errors in its shape."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from gateway.errors import VarbridgeError
from gateway.plan import VendorResponse
from gateway.port import Asked, Dialect

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

    def asked(
        self, method: str, segments: tuple[str, ...], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Asked:
        """Tell what a request asks for; anything that is not certain passes through."""
        del query, headers
        path = segments[2:] if segments[:1] == ("engine",) and len(segments) > 2 else segments  # noqa: PLR2004
        safe = method in _SAFE
        match path:
            case ("process-instance", instance, kind, *_) if kind in _VARIABLES:
                return Asked(scope=_of("variables", safe=safe), writes=not safe, instance=instance)
            case ("execution" | "task", _, kind, *_) if kind in _VARIABLES:
                return Asked(scope=_of("variables", safe=safe), writes=not safe)
            case ("history", "variable-instance", *rest) if safe or rest in ([], ["count"]):
                return Asked(scope="variables:read", writes=False)
            case ("variable-instance", *_):
                return Asked(scope="variables:read", writes=False)
            case ("process-instance", instance, "modification") if not safe:
                return Asked(scope="modification", writes=True, instance=instance)
            case ("process-instance", instance) if safe:
                return Asked(scope="instances:read", writes=False, instance=instance)
            case ("process-instance",) | ("process-instance", "count"):
                return Asked(scope="instances:read", writes=False)
            case ("process-definition", *_, "start" | "submit-form"):
                return Asked(scope="instances:start", writes=True, definition=_definition(path))
            case _:
                return _other(path, safe=safe or _asks(path))

    def failed(self, error: VarbridgeError, accept: str) -> VendorResponse:
        """Spell an error as ``{"type", "message", "code"}``; what is 422 elsewhere is 400 here."""
        del accept
        status = 400 if error.status == 422 else error.status  # noqa: PLR2004
        body = {"type": type(error).__name__, "message": error.detail, "code": None}
        return VendorResponse(status, (("Content-Type", "application/json"),), msgspec.json.encode(body))

    def poll_s(self, body: bytes) -> float:
        """Give ``asyncResponseTimeout`` of ``fetchAndLock`` (milliseconds there)."""
        found = _POLL.search(body)
        return int(found.group(1)) / 1000 if found else 0.0


def _definition(path: tuple[str, ...]) -> str | None:
    """Give the key of what is started; an id is ``key:version:number``, or tells nothing where that is too long."""
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
    """Tell whether a POST is a query: a bare resource, or its count, here or below ``history``."""
    match path[:-1] if path[-1:] == ("count",) else path:
        case ("history", _):
            return True
        case (resource,):
            return resource in _QUERIES
        case _:
            return False


def _other(path: tuple[str, ...], *, safe: bool) -> Asked:
    return Asked(scope=_of("passthrough", safe=safe), writes=not safe, polls=path == ("external-task", "fetchAndLock"))

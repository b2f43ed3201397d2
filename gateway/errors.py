"""Every way in which a call can fail: one tree of classes that know code, HTTP status and retryability.

What must not live here: the wire shape of an error (``gateway.web.v1.problems``) and what a vendor's answer means
(``adapters.<vendor>.faults``).

    VarbridgeError
    ├── Refusal                       the gateway refused; nothing that writes was sent
    │   ├── InvalidJson               400 invalid-json
    │   ├── InvalidRequest            400 invalid-request
    │   ├── Unauthenticated           401 unauthenticated
    │   ├── Forbidden                 403 forbidden
    │   │   └── TokenRejected         403 forbidden
    │   ├── RouteNotFound             404 route-not-found
    │   ├── EngineNotFound            404 engine-not-found
    │   ├── OperationNotFound         404 operation-not-found
    │   ├── LinkNotFound              404 link-not-found
    │   ├── PlanNotFound              404 plan-not-found
    │   ├── MethodNotAllowed          405 method-not-allowed
    │   ├── NotAcceptable             406 not-acceptable
    │   ├── InstanceAmbiguous         409 instance-ambiguous
    │   ├── CursorExpired             409 cursor-expired
    │   ├── RequestInProgress         409 request-in-progress
    │   ├── BridgeTransitionRefused   409 bridge-transition-refused
    │   ├── PreconditionFailed        412 precondition-failed
    │   ├── PayloadTooLarge           413 payload-too-large
    │   ├── UnsupportedMediaType      415 unsupported-media-type
    │   ├── ValueInvalid              422 value-invalid
    │   ├── ValueNotRepresentable     422 value-not-representable
    │   ├── ValueTooLong              422 value-too-long
    │   ├── Unsupported               422 capability-unsupported
    │   ├── IdempotencyKeyReused      422 idempotency-key-reused
    │   ├── PreconditionRequired      428 precondition-required
    │   ├── RateLimited               429 rate-limited
    │   ├── Overloaded                503 overloaded
    │   ├── StoreUnavailable          503 store-unavailable
    │   └── Draining                  503 draining
    ├── EngineFailure                 the engine failed, or the connection to it
    │   ├── InstanceNotFound          404 instance-not-found
    │   ├── ScopeNotFound             404 scope-not-found
    │   ├── VariableNotFound          404 variable-not-found
    │   ├── TaskNotFound              404 task-not-found
    │   ├── EngineForbidden           403 forbidden
    │   ├── InstanceStateConflict     409 instance-state-conflict
    │   ├── ConcurrentUpdate          409 concurrent-update
    │   ├── EngineError               502 engine-error
    │   ├── EngineMisbehaved          502 engine-misbehaved
    │   ├── EngineCredentialsRejected 502 engine-credentials-rejected
    │   ├── EngineUnavailable         503 engine-unavailable
    │   │   └── CircuitOpen           503 engine-unavailable
    │   ├── EngineTimeout             504 engine-timeout
    │   └── OutcomeUnknown            504 outcome-unknown
    └── Internal                      500 internal
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from gateway.error_model import Fault as Fault  # noqa: PLC0414 - imported from here
from gateway.error_model import Outcome as Outcome  # noqa: PLC0414 - imported from here
from gateway.error_model import VarbridgeError as VarbridgeError  # noqa: PLC0414 - imported from here


class Refusal(VarbridgeError):
    """The gateway refused the request before sending anything that writes."""

    code = "invalid-request"
    status = 400
    default_outcome = "not_applied"


class InvalidJson(Refusal):
    """The body is not JSON that can be read without doubt."""

    code, status = "invalid-json", 400


class InvalidRequest(Refusal):
    """The request does not have the documented shape."""

    code, status = "invalid-request", 400


class Unauthenticated(Refusal):
    """The caller is not known."""

    code, status = "unauthenticated", 401


class Forbidden(Refusal):
    """The caller may not do this."""

    code, status = "forbidden", 403


class TokenRejected(Forbidden):
    """The token that shows that no other site made the request is not the caller's, or has ended; log in again."""

    code, status = "forbidden", 403


class RouteNotFound(Refusal):
    """There is nothing at this path."""

    code, status = "route-not-found", 404


class EngineNotFound(Refusal):
    """No engine of this name is configured."""

    code, status = "engine-not-found", 404


class OperationNotFound(Refusal):
    """There is no such operation, or it is somebody else's."""

    code, status = "operation-not-found", 404


class LinkNotFound(Refusal):
    """There is no such link."""

    code, status = "link-not-found", 404


class PlanNotFound(Refusal):
    """There is no bridge plan of this name."""

    code, status = "plan-not-found", 404


class MethodNotAllowed(Refusal):
    """This path does not take this method."""

    code, status = "method-not-allowed", 405


class NotAcceptable(Refusal):
    """The answer cannot be given in any media type the caller accepts."""

    code, status = "not-acceptable", 406


class InstanceAmbiguous(Refusal):
    """The id is known to more than one engine; name the engine."""

    code, status = "instance-ambiguous", 409


class CursorExpired(Refusal):
    """The cursor no longer leads anywhere; ask from the beginning."""

    code, status = "cursor-expired", 409


class RequestInProgress(Refusal):
    """A request with this idempotency key is still running."""

    code, status, retryable = "request-in-progress", 409, True


class BridgeTransitionRefused(Refusal):
    """The bridge does not allow this transition now."""

    code, status = "bridge-transition-refused", 409


class PreconditionFailed(Refusal):
    """The variables are not as the caller last saw them."""

    code, status = "precondition-failed", 412


class PayloadTooLarge(Refusal):
    """The body is larger than the limit."""

    code, status = "payload-too-large", 413


class UnsupportedMediaType(Refusal):
    """The body's media type or encoding is not taken here."""

    code, status = "unsupported-media-type", 415


class ValueInvalid(Refusal):
    """A value does not fit its declared type, or the engine will not take it."""

    code, status = "value-invalid", 422


class ValueNotRepresentable(Refusal):
    """The engine has no way to hold this value without loss."""

    code, status = "value-not-representable", 422


class ValueTooLong(Refusal):
    """A value or a name is longer than the engine holds."""

    code, status = "value-too-long", 422


class Unsupported(Refusal):
    """The engine cannot do this."""

    code, status = "capability-unsupported", 422


class IdempotencyKeyReused(Refusal):
    """The idempotency key was used before, with another request."""

    code, status = "idempotency-key-reused", 422


class PreconditionRequired(Refusal):
    """This engine takes writes only with If-Match."""

    code, status = "precondition-required", 428


class RateLimited(Refusal):
    """Too many requests from this caller."""

    code, status, retryable = "rate-limited", 429, True


class Overloaded(Refusal):
    """The gateway has no room for this request now."""

    code, status, retryable = "overloaded", 503, True


class StoreUnavailable(Refusal):
    """The gateway's own store cannot be reached; what needs it is refused."""

    code, status, retryable = "store-unavailable", 503, True


class Draining(Refusal):
    """The gateway is stopping."""

    code, status, retryable = "draining", 503, True


class EngineFailure(VarbridgeError):
    """The engine failed, or the connection to it."""

    code = "engine-error"
    status = 502


class InstanceNotFound(EngineFailure):
    """No such instance, or it has ended."""

    code, status, default_outcome = "instance-not-found", 404, "not_applied"


class ScopeNotFound(EngineFailure):
    """The instance has no such execution or task."""

    code, status, default_outcome = "scope-not-found", 404, "not_applied"


class VariableNotFound(EngineFailure):
    """The instance has no such variable."""

    code, status, default_outcome = "variable-not-found", 404, "not_applied"
    name: str = ""
    """The name that is not there, where ``known`` is told."""
    known: tuple[str, ...] = ()
    """Names that the plan has read; never shown as they are, as the caller may be allowed to see some of them only."""

    def among(self, known: Iterable[str], name: str) -> Self:
        """Return this error with the name that is not there, and those that are, one of which may have been meant."""
        self.name, self.known = name, tuple(known)
        return self


class TaskNotFound(EngineFailure):
    """No such task, or it is completed."""

    code, status, default_outcome = "task-not-found", 404, "not_applied"


class EngineForbidden(EngineFailure):
    """The engine does not allow this on this instance."""

    code, status, default_outcome = "forbidden", 403, "not_applied"


class InstanceStateConflict(EngineFailure):
    """The instance is not in a state that allows this."""

    code, status, default_outcome = "instance-state-conflict", 409, "not_applied"


class ConcurrentUpdate(EngineFailure):
    """Somebody else changed the instance at the same moment."""

    code, status, retryable, default_outcome = "concurrent-update", 409, True, "not_applied"


class EngineError(EngineFailure):
    """The engine answered with an error of its own."""

    code, status = "engine-error", 502


class EngineMisbehaved(EngineFailure):
    """The engine's answer cannot be understood."""

    code, status = "engine-misbehaved", 502


class EngineCredentialsRejected(EngineFailure):
    """The engine refused the gateway's own credentials."""

    code, status, default_outcome = "engine-credentials-rejected", 502, "not_applied"


class EngineUnavailable(EngineFailure):
    """The engine cannot be reached."""

    code, status, retryable, default_outcome = "engine-unavailable", 503, True, "not_applied"


class CircuitOpen(EngineUnavailable):
    """The engine has failed too often; nothing is sent to it for a while."""

    code, status = "engine-unavailable", 503


class EngineTimeout(EngineFailure):
    """The engine did not answer in time."""

    code, status, retryable, default_outcome = "engine-timeout", 504, True, "not_applied"


class OutcomeUnknown(EngineFailure):
    """A write was sent and not answered: it may or may not have happened."""

    code, status, default_outcome = "outcome-unknown", 504, "unknown"


class Internal(VarbridgeError):
    """The gateway itself failed."""

    code, status = "internal", 500

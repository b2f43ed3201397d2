"""What the engine's error answers mean, by HTTP status, error number and operation; never by text, which is localised.

Facts: ``reference`` recordings of 8.6.0.201803; for the variable writes nothing is recorded, so every number counts the
same whatever status it comes with.
"""

from __future__ import annotations

from adapters.ibm_bpm.wire import WireError, error_in
from gateway.errors import (
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
    VarbridgeError,
    VariableNotFound,
)
from gateway.plan import VendorResponse

NOT_NOW = "CWTBG0549E"
"""No such action for this caller now: a permission, or a state."""
GONE = "CWTBG0013E"
"""No such token (seen with 404 for moveToken and deleteToken)."""
_BY_NUMBER: dict[str, type[VarbridgeError]] = {
    "CWTBG0059E": InstanceNotFound,
    "CWTBG0553E": InvalidRequest,
    "CWTBG0012E": InvalidRequest,
    "CWTBG0543E": VariableNotFound,
    "CWTBG0029E": ValueInvalid,
    "CWTBG0546E": ValueInvalid,
    "CWTBG0014E": InstanceStateConflict,
    GONE: InstanceStateConflict,
    NOT_NOW: EngineForbidden,
    "CWTBG0594E": EngineForbidden,
    "CWTBG0595E": EngineForbidden,
    "CWTBG0651E": EngineCredentialsRejected,
    "CWTBG0788E": EngineUnavailable,
}
_UNSETTLED = frozenset({EngineError, ValueInvalid, VariableNotFound, InvalidRequest})
"""After these a write may have been applied in part: nothing says that it is atomic."""


def found(engine: str, answer: VendorResponse, *, writes: bool) -> VarbridgeError | None:
    """Give the error that an answer means, None for a success."""
    wire = error_in(answer)
    if wire is None:
        return None
    kind = _kind(answer, wire, writes=writes)
    outcome: Outcome | None = None if kind in {OutcomeUnknown, EngineMisbehaved} and writes else "not_applied"
    return kind(engine=engine, engine_status=answer.status, engine_code=wire.number, outcome=outcome)


def unsettled(error: VarbridgeError) -> bool:
    """Tell whether a read must say what a refused write has changed."""
    return type(error) in _UNSETTLED


def _kind(answer: VendorResponse, wire: WireError, *, writes: bool) -> type[VarbridgeError]:
    known = _BY_NUMBER.get(wire.number or "")
    if known is not None:
        return known
    return _by_vendor(answer.status, writes=writes) if wire.known else _by_container(answer.status, writes=writes)


def _by_vendor(status: int, *, writes: bool) -> type[VarbridgeError]:
    """Give the meaning of the vendor's own error with a number that is not known."""
    match status:
        case 400 if writes:
            return ValueInvalid
        case 401 | 403:
            return EngineForbidden
        case 404:
            return InstanceNotFound
        case 409:
            return InstanceStateConflict
        case _:
            return EngineError


def _by_container(status: int, *, writes: bool) -> type[VarbridgeError]:
    """Give the meaning of an answer that a server or proxy gave in the vendor's place."""
    match status:
        case 401 | 403:
            return EngineCredentialsRejected
        case 502 | 504:
            return OutcomeUnknown if writes else EngineUnavailable
        case 503:
            return EngineUnavailable
        case _ if status >= 500:  # noqa: PLR2004
            return EngineError
        case _:
            return EngineMisbehaved

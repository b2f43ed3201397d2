"""What the engine's error answers mean, by HTTP status, error number and operation; never by text, which is localised.

Facts: recorded answers of 8.6.0.201803 (``reference``). For the variable writes nothing is recorded, so a number means
the same for them whatever HTTP status it comes with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

from adapters.ibm_bpm.wire import Envelope, WireError, data_in, error_in, is_success
from gateway.errors import (
    EngineCredentialsRejected,
    EngineError,
    EngineForbidden,
    EngineMisbehaved,
    EngineUnavailable,
    Fault,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidRequest,
    Outcome,
    OutcomeUnknown,
    TaskNotFound,
    ValueInvalid,
    VarbridgeError,
    VariableNotFound,
)
from gateway.plan import VendorResponse

Operation = Literal["read", "search", "write", "start", "task", "complete", "token", "comment", "state"]
"""What was asked: ``read`` and ``search`` change nothing, ``write`` is of variables, ``task`` reads a task."""
Kind = type[VarbridgeError]
T = TypeVar("T")

NOT_NOW = "CWTBG0549E"
"""No such action for this caller now: a permission, or a state."""
INVALID_PARAMETER = "CWTBG0012E"
"""A parameter is not valid: an id that was sent, or an object that does not have the shape of its class."""
NO_SUCH_OBJECT = "CWTBG0013E"
"""What was named does not exist: a token, a task, or what an object refers to."""
_UNREADABLE = "The engine's answer is not the JSON it should be."
_SHAPE = frozenset({INVALID_PARAMETER, NO_SUCH_OBJECT})
_CHANGING = frozenset({"write", "start", "complete", "token", "comment", "state"})
_SETTING = ("write", "start", "complete")
"""The operations that send values of variables."""
_ON_INSTANCES = ("read", "write", "token", "comment", "state")
_ON_TASKS = ("task", "complete")

_Key = tuple[int | None, str | None, str | None]


def _for(operations: Iterable[str], number: str | None, kind: Kind, status: int | None = None) -> dict[_Key, Kind]:
    return {(status, number, operation): kind for operation in operations}


_MEANINGS: dict[_Key, Kind] = {
    **_for(_ON_INSTANCES, "CWTBG0059E", InstanceNotFound),
    **_for(_ON_TASKS, "CWTBG0059E", TaskNotFound),
    **_for(_ON_INSTANCES, "CWTBG0553E", InvalidRequest),
    **_for(_SETTING, "CWTBG0543E", VariableNotFound),
    **_for(_SETTING, "CWTBG0029E", ValueInvalid),
    **_for(_SETTING, "CWTBG0546E", ValueInvalid),
    **_for(_SETTING, INVALID_PARAMETER, ValueInvalid),
    **_for(_SETTING, NO_SUCH_OBJECT, ValueInvalid),
    **_for(_ON_TASKS, NO_SUCH_OBJECT, TaskNotFound, status=404),
    **_for(("token",), NO_SUCH_OBJECT, InstanceStateConflict),  # seen with 404 for moveToken and deleteToken
    **_for(("read",), NO_SUCH_OBJECT, InstanceNotFound, status=404),
    **_for(_CHANGING, "CWTBG0014E", InstanceStateConflict),
    (None, NOT_NOW, None): EngineForbidden,
    (None, "CWTBG0594E", None): EngineForbidden,
    (None, "CWTBG0595E", None): EngineForbidden,
    (None, "CWTBG0651E", None): EngineCredentialsRejected,
    (None, "CWTBG0788E", None): EngineUnavailable,
    (None, "CWTBG0019E", None): EngineError,
    (None, "CWTBG0025E", None): EngineError,
    **_for(_SETTING, None, ValueInvalid, status=400),
    **_for(_ON_INSTANCES, None, InstanceNotFound, status=404),
    **_for(_ON_TASKS, None, TaskNotFound, status=404),
    **_for(_CHANGING, None, InstanceStateConflict, status=409),
    (401, None, None): EngineForbidden,
    (403, None, None): EngineForbidden,
}
"""What an HTTP status, a number and an operation mean together; None stands for any. ``_meaning`` has the order."""
_UNSETTLED = frozenset({EngineError, ValueInvalid, VariableNotFound, InvalidRequest})
"""After these a write may have been applied in part: nothing says that it is atomic."""


class Written(msgspec.Struct, frozen=True):
    """A variable that was sent: its name, where it stands in the caller's body, and whether it is an object or list."""

    name: str
    pointer: str
    structured: bool = False


def translate(engine: str, answer: VendorResponse, operation: Operation) -> VarbridgeError | None:
    """Return the error that an answer means for an operation, None for a success."""
    wire = error_in(answer)
    if wire is None:
        return None
    writes = operation in _CHANGING
    kind = (
        _meaning(answer.status, wire.number, operation) if wire.known else _by_container(answer.status, writes=writes)
    )
    outcome: Outcome | None = None if kind in {OutcomeUnknown, EngineMisbehaved} and writes else "not_applied"
    return kind(engine=engine, engine_status=answer.status, engine_code=wire.number, outcome=outcome)


def check(engine: str, answer: VendorResponse, operation: Operation) -> None:
    """Raise the error that an answer means for an operation, if it means one."""
    error = translate(engine, answer, operation)
    if error is not None:
        raise error


def data_of(engine: str, answer: VendorResponse, operation: Operation, decoder: msgspec.json.Decoder[Envelope[T]]) -> T:
    """Return ``data`` of an answer that is a success.

    Raises:
        VarbridgeError: the error that the answer means for the operation.
        EngineMisbehaved: it is no envelope of the vendor (a login page, a text that was cut off), or ``data`` is not
            what the API documents.
    """
    data = data_in(answer, decoder)
    if isinstance(data, msgspec.UnsetType):
        check(engine, answer, operation)
        raise _unreadable(engine, answer, "unknown" if operation in _CHANGING else "not_applied")
    return data


def check_done(engine: str, answer: VendorResponse) -> None:
    """Make sure that an answer is a success whose ``data`` nobody needs; it may be empty (seen for ``cancel``).

    Raises:
        EngineMisbehaved: it is no envelope of the vendor, so nobody knows what was done.
    """
    if answer.content().strip() and not is_success(answer):
        raise _unreadable(engine, answer, "unknown")


def _unreadable(engine: str, answer: VendorResponse, outcome: Outcome) -> EngineMisbehaved:
    """Return the error for an answer that is neither an error of the vendor nor what its API documents."""
    return EngineMisbehaved(_UNREADABLE, engine=engine, engine_status=answer.status, outcome=outcome)


def lacking(engine: str, what: str, outcome: Outcome = "not_applied") -> EngineMisbehaved:
    """Return the error for a success without something that was asked for, which is never the same as none of it."""
    return EngineMisbehaved(f"The engine's answer lacks what was asked for: {what}.", engine=engine, outcome=outcome)


def unsettled(error: VarbridgeError) -> bool:
    """Return whether only a read can say what a refused write has changed."""
    return type(error) in _UNSETTLED


def point_out(error: VarbridgeError, wire: WireError | None, written: Iterable[Written]) -> list[Written]:
    """Point an error at the variables that it is about, say in its detail what the engine refused, and return them.

    Only the engine's parameters name variables, and those that are no names may be values, so they go nowhere. A value
    that is refused without a name can only be the one that was sent, where just one can have been meant: of a refused
    shape only objects and lists.
    """
    sent = list(written)
    shaped = [each for each in sent if each.structured] if error.engine_code in _SHAPE else []
    meant = (shaped or sent) if isinstance(error, ValueInvalid) else sent
    parameters = set(wire.parameters) if wire else set()
    found = [each for each in meant if each.name in parameters]
    if not found and isinstance(error, ValueInvalid) and len(meant) == 1:
        found = meant
    if isinstance(error, ValueInvalid):
        what = "object's shape: a field that its class does not have, or one of another type" if shaped else "value"
        error.detail = f"The engine refused the {what}{f' ({error.engine_code})' if error.engine_code else ''}."
    reason = error.detail if isinstance(error, ValueInvalid) else error.title()
    error.errors = tuple(Fault(each.pointer, reason) for each in found)
    return found


def _meaning(status: int, number: str | None, operation: Operation) -> Kind:
    keys: tuple[_Key, ...] = (
        (status, number, operation),
        (None, number, operation),
        (None, number, None),
        (status, None, operation),
        (status, None, None),
    )
    return next((_MEANINGS[key] for key in keys if key in _MEANINGS), EngineError)


def _by_container(status: int, *, writes: bool) -> Kind:
    """Return the meaning of an answer that a server or proxy gave in the vendor's place."""
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

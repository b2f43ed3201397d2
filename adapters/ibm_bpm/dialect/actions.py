"""Actions on an instance in IBM's language: moving and deleting a token, suspending, resuming, terminating.

``POST process/{id}?action=moveToken&tokenId=…&target=…[&resume=true]`` (IBM's admin pages "Moving tokens" and "Deleting
tokens"), ``PUT`` or ``POST process/{id}?action=suspend|resume|terminate``. The answer is the instance's details, read
after the write. What must not live here: the counterpart, which sends such actions (``adapters.ibm_bpm.modification``
and ``state``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from adapters.ibm_bpm.dialect.bodies import check_accepted
from adapters.ibm_bpm.dialect.parameters import parts, read_parameters, read_parts
from gateway.errors import Fault, InvalidRequest, MethodNotAllowed, Unsupported
from gateway.model.commands import Command
from gateway.model.lifecycle import ChangeState
from gateway.model.modification import Instruction, ModifyInstance
from gateway.port import DialectRequest

_TOKENS = frozenset({"moveToken", "deleteToken"})
_STATES: Mapping[str, Literal["suspended", "active", "terminated"]] = {
    "suspend": "suspended", "resume": "active", "terminate": "terminated",
}  # fmt: skip
STATES = frozenset(_STATES)
"""Actions that change the state of an instance."""


def decode_action(request: DialectRequest, method: str, instance: str) -> tuple[Command, ...]:
    """Return the write that an action means, and the reads of what its answer shows; none where it means none.

    Raises:
        MethodNotAllowed: the action has another method. NotAcceptable: the caller takes no answer there is.
        InvalidRequest: a parameter is missing, or is not what it must be.
        Unsupported: something that only the vendor's own servers can do.
    """
    action = request.query.get("action", "")
    if action not in _TOKENS | STATES:
        return ()
    if method != "POST" and (method != "PUT" or action in _TOKENS):
        raise MethodNotAllowed
    check_accepted(request)
    given = read_parameters(request)
    asked = parts(given)
    if action in _TOKENS:
        return (_move(given, instance), *read_parts(instance, asked))
    return (ChangeState(instance=instance, state=_STATES[action]), *read_parts(instance, asked - {"header"}))


def _move(given: Mapping[str, str], instance: str) -> ModifyInstance:
    """Return the modification that moves or deletes a token.

    A token starts anew before the old one is cancelled: what lies around both stays as it is, with its variables.
    """
    _check_resume(given)
    cancel = Instruction(type="cancel", activity_instance_id=_required(given, "tokenId"))
    if given["action"] == "deleteToken":
        return ModifyInstance(instance=instance, instructions=(cancel,))
    start = Instruction(type="startBeforeActivity", activity_id=_required(given, "target"))
    return ModifyInstance(instance=instance, instructions=(start, cancel))


def _required(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "").strip()
    if not value:
        detail = f"The parameter {name} is missing."
        raise InvalidRequest(detail, errors=(Fault(f"/{name}", detail),))
    return value


def _check_resume(given: Mapping[str, str]) -> None:
    """Refuse to leave an instance suspended behind a move: other engines know no such thing.

    Raises:
        Unsupported: ``resume`` is false. InvalidRequest: it is neither true nor false.
    """
    match given.get("resume", "true").strip().lower():
        case "true":
            return
        case "false":
            raise Unsupported("`resume=false` cannot be said of an instance of another vendor's engine.")
        case _:
            raise InvalidRequest("`resume` is true or false.")

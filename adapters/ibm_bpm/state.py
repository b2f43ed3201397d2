"""The state of an instance: suspended, running again, or terminated, by the server's actions of these names.

``PUT /process/{id}?action=suspend|resume`` and ``POST /process/{id}?action=terminate``; the server's description of
itself lists the last as POST (8.5.5 to 8.6.0). What it says of a wrong state or an unknown instance differs from action
to action (401, 409, 500), so the state is read first.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.instances import ENDED, describe_process, instance_in
from gateway.errors import EngineError, EngineForbidden, InstanceStateConflict
from gateway.model.lifecycle import ChangeState
from gateway.model.results import Instance, StateChanged
from gateway.plan import Plan, VendorRequest, VendorResponse

_ACTIONS = {"suspended": ("PUT", "suspend"), "active": ("PUT", "resume"), "terminated": ("POST", "terminate")}
_ALLOWED = {
    "suspended": frozenset({"active"}),
    "active": frozenset({"suspended"}),
    "terminated": frozenset({"active", "suspended", "failed"}),
}
"""From which states the server takes the action; in any other its refusal is about the state."""


def change_state(engine: str, command: ChangeState) -> Plan[StateChanged]:
    """Bring an instance into a state; one that is in it already stays as it is.

    Raises:
        InstanceNotFound: there is none. EngineForbidden: not by this user.
        InstanceStateConflict: it has ended, or is in a state from which the server does not take the action.
    """
    instance = yield from _read(engine, command.instance)
    if instance.state in ENDED:
        raise InstanceStateConflict("The instance has ended.", engine=engine)
    if instance.state == command.state:
        return StateChanged(instance=instance)
    answer = yield _action(command)
    error = faults.translate(engine, answer, "state")
    if error is None:
        faults.check_done(engine, answer)
        return StateChanged(instance=msgspec.structs.replace(instance, state=command.state))
    if isinstance(error, (EngineError, EngineForbidden)):
        found = yield from _read(engine, command.instance)
        if isinstance(error, EngineForbidden) and found.state not in _ALLOWED[command.state]:
            raise InstanceStateConflict(engine=engine, engine_status=answer.status, engine_code=error.engine_code)
        error.outcome = "applied" if found.state == command.state else "not_applied"
    raise error


def _read(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Instance]:
    return instance_in(instance, (yield from describe_process(engine, instance, "header", ended=True)))


def _action(command: ChangeState) -> VendorRequest:
    method, action = _ACTIONS[command.state]
    return VendorRequest(
        method=method,
        path=("process", command.instance),
        query=(("action", action),),
        headers=(("Accept", "application/json"),),
        writes=True,
        idempotent=False,
    )

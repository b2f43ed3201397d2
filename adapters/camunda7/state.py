"""The state of an instance: suspended, running again, or terminated.

``PUT /process-instance/{id}/suspended`` and ``DELETE /process-instance/{id}``. The first answers 204 for an instance
that does not exist, too (seen live on 7.24), so the instance is read before it.
"""

from __future__ import annotations

import msgspec

from adapters.camunda7 import faults, wire
from adapters.camunda7.instances import describe_instance
from gateway.errors import InstanceNotFound
from gateway.model.commands import DescribeInstance
from gateway.model.lifecycle import ChangeState
from gateway.model.results import StateChanged
from gateway.plan import Plan, VendorRequest

_NO_CONTENT, _NOT_FOUND = 204, 404


def change_state(engine: str, command: ChangeState) -> Plan[StateChanged]:
    """Bring an instance into a state; one that is in it already stays as it is.

    Raises:
        InstanceNotFound: there is none, or it has ended.
    """
    instance = (yield from describe_instance(engine, DescribeInstance(instance=command.instance))).instance
    if instance.id != (command.root or command.instance):
        return StateChanged(elsewhere=instance.id)
    if instance.state == command.state:
        return StateChanged(instance=instance)
    answer = yield _request(instance.id, command.state)
    if answer.status == _NOT_FOUND:
        raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _NO_CONTENT:
        raise faults.translate(engine, answer, writes=True)
    return StateChanged(instance=msgspec.structs.replace(instance, state=command.state))


def _request(instance: str, state: str) -> VendorRequest:
    if state == "terminated":
        return VendorRequest(
            method="DELETE", path=("process-instance", instance), headers=wire.ACCEPT, writes=True, idempotent=False
        )
    return VendorRequest(
        method="PUT",
        path=("process-instance", instance, "suspended"),
        headers=wire.JSON,
        body=wire.encoder.encode({"suspended": state == "suspended"}),
        writes=True,
        idempotent=True,
    )

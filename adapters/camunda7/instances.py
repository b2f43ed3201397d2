"""Instances: one, or those that match; and the engine itself."""

from __future__ import annotations

from collections.abc import Generator

from adapters.camunda7 import faults
from adapters.camunda7.wire import (
    WireInstance,
    WirePast,
    decode_body,
    execution_decoder,
    instance_decoder,
    past_decoder,
    read_request,
    version_decoder,
)
from gateway.errors import InstanceNotFound
from gateway.model.commands import DescribeInstance
from gateway.model.results import EngineDescribed, Instance, InstanceDescribed
from gateway.plan import Plan, VendorRequest, VendorResponse

_OK, _NOT_FOUND = 200, 404
_STATES = {
    "ACTIVE": "active",
    "SUSPENDED": "suspended",
    "COMPLETED": "completed",
    "EXTERNALLY_TERMINATED": "terminated",
    "INTERNALLY_TERMINATED": "terminated",
}
"""States of the history; externally is by the API, internally by the model (a terminating end event)."""


def describe_engine(engine: str) -> Plan[EngineDescribed]:
    """Read ``GET /version``; the version is null where the jar does not say."""
    answer = yield read_request("version")
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return EngineDescribed(version=decode_body(version_decoder, answer, engine).version)


def describe_instance(engine: str, command: DescribeInstance) -> Plan[InstanceDescribed]:
    """Read ``GET /process-instance/{id}``; an execution's id is resolved first, an ended instance is in the history.

    Raises:
        InstanceNotFound: neither an instance nor an execution; or it has ended and ended ones do not count.
    """
    try:
        return (yield from _running(engine, command))
    except InstanceNotFound:
        if not command.ended:
            raise
    return InstanceDescribed((yield from read_past(engine, command.instance)))


def read_past(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Instance]:
    """Read an instance that has ended: ``GET /history/process-instance/{id}``.

    Raises:
        InstanceNotFound: the history has none.
    """
    answer = yield read_request("history", "process-instance", instance)
    if answer.status == _NOT_FOUND:
        raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return past_instance(decode_body(past_decoder, answer, engine))


def _running(engine: str, command: DescribeInstance) -> Plan[InstanceDescribed]:
    answer = yield read_request("process-instance", command.instance)
    if answer.status == _NOT_FOUND:
        owner = yield read_request("execution", command.instance)
        if owner.status == _NOT_FOUND:
            raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
        if owner.status != _OK:
            raise faults.translate(engine, owner, writes=False)
        root = decode_body(execution_decoder, owner, engine).processInstanceId
        answer = yield read_request("process-instance", root)
        if answer.status == _NOT_FOUND:
            raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translate(engine, answer, writes=False)
    return InstanceDescribed(instance_of(decode_body(instance_decoder, answer, engine)))


def instance_of(row: WireInstance) -> Instance:
    """Return the instance of a row."""
    definition = row.definitionKey or (row.definitionId or "").split(":")[0] or None
    return Instance(
        id=row.id,
        definition=definition,
        definition_id=row.definitionId,
        business_key=row.businessKey,
        state="completed" if row.ended else "suspended" if row.suspended else "active",
        tenant=row.tenantId,
    )


def past_instance(row: WirePast) -> Instance:
    """Return the instance of a row of the history."""
    return Instance(
        id=row.id,
        definition=row.processDefinitionKey,
        definition_id=row.processDefinitionId,
        business_key=row.businessKey,
        state=_STATES.get(row.state or "", "unknown"),
        tenant=row.tenantId,
    )

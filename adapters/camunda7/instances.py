"""Instances: one, or those that match; and the engine itself."""

from __future__ import annotations

from collections.abc import Generator

from adapters.camunda7 import faults
from adapters.camunda7.settings import Settings
from adapters.camunda7.wire import (
    WireInstance,
    WirePast,
    decode_body,
    execution_decoder,
    instance_decoder,
    instances_decoder,
    past_decoder,
    pasts_decoder,
    query_request,
    read_request,
    version_decoder,
)
from gateway.errors import InstanceNotFound
from gateway.model.commands import DescribeInstance, FindInstances
from gateway.model.results import EngineDescribed, Instance, InstanceDescribed, InstancesFound
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
    return _past_instance(decode_body(past_decoder, answer, engine))


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


def find_instances(engine: str, settings: Settings, command: FindInstances) -> Plan[InstancesFound]:
    """Read ``POST /process-instance``, or ``POST /history/process-instance`` for ended ones too, page by page.

    ``definition`` is a key, or an id when it has the colons of one.
    """
    body: dict[str, object] = {"sorting": [{"sortBy": "instanceId", "sortOrder": "asc"}]}
    if command.business_key is not None:
        body["processInstanceBusinessKey" if command.ended else "businessKey"] = command.business_key
    if command.definition is not None:
        body["processDefinitionId" if ":" in command.definition else "processDefinitionKey"] = command.definition
    path = ("history", "process-instance") if command.ended else ("process-instance",)
    found: list[Instance] = []
    while len(found) < command.limit:
        most = min(command.limit - len(found), settings.page_size)
        query = (("firstResult", str(command.offset + len(found))), ("maxResults", str(most)))
        answer = yield query_request(*path, body=body, query=query)
        if answer.status != _OK:
            raise faults.translate(engine, answer, writes=False)
        rows = _rows(engine, answer, ended=command.ended)
        found += rows
        if len(rows) < most:
            break
    return InstancesFound(tuple(found))


def _rows(engine: str, answer: VendorResponse, *, ended: bool) -> list[Instance]:
    if ended:
        return [_past_instance(row) for row in decode_body(pasts_decoder, answer, engine)]
    return [instance_of(row) for row in decode_body(instances_decoder, answer, engine)]


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


def _past_instance(row: WirePast) -> Instance:
    return Instance(
        id=row.id,
        definition=row.processDefinitionKey,
        definition_id=row.processDefinitionId,
        business_key=row.businessKey,
        state=_STATES.get(row.state or "", "unknown"),
        tenant=row.tenantId,
    )

"""Instances: one, or those that match; and the engine itself."""

from __future__ import annotations

from adapters.camunda7 import faults
from adapters.camunda7.wire import (
    WireInstance,
    asking,
    decoded,
    execution_decoder,
    instance_decoder,
    instances_decoder,
    reading,
    version_decoder,
)
from gateway.errors import InstanceNotFound
from gateway.model.commands import DescribeInstance, FindInstances
from gateway.model.results import EngineDescribed, Instance, InstanceDescribed, InstancesFound
from gateway.plan import Plan

_OK, _NOT_FOUND = 200, 404


def describe_engine(engine: str) -> Plan[EngineDescribed]:
    """Ask ``GET /version``; null where the jar does not say."""
    answer = yield reading("version")
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    return EngineDescribed(version=decoded(version_decoder, answer, engine).version)


def describe(engine: str, command: DescribeInstance) -> Plan[InstanceDescribed]:
    """Ask ``GET /process-instance/{id}``; an inner execution's id is resolved first.

    Raises:
        InstanceNotFound: neither an instance nor an execution.
    """
    answer = yield reading("process-instance", command.instance)
    if answer.status == _NOT_FOUND:
        owner = yield reading("execution", command.instance)
        if owner.status == _NOT_FOUND:
            raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
        if owner.status != _OK:
            raise faults.translated(engine, owner, writes=False)
        root = decoded(execution_decoder, owner, engine).processInstanceId
        answer = yield reading("process-instance", root)
        if answer.status == _NOT_FOUND:
            raise InstanceNotFound(engine=engine, engine_status=_NOT_FOUND)
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    return InstanceDescribed(_instance(decoded(instance_decoder, answer, engine)))


def find(engine: str, command: FindInstances) -> Plan[InstancesFound]:
    """Ask ``POST /process-instance``; ``definition`` is a key, or an id when it has the colons of one."""
    body: dict[str, object] = {"sorting": [{"sortBy": "instanceId", "sortOrder": "asc"}]}
    if command.business_key is not None:
        body["businessKey"] = command.business_key
    if command.definition is not None:
        body["processDefinitionId" if ":" in command.definition else "processDefinitionKey"] = command.definition
    query = (("firstResult", str(command.offset)), ("maxResults", str(command.limit)))
    answer = yield asking("process-instance", body=body, query=query)
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    return InstancesFound(tuple(_instance(row) for row in decoded(instances_decoder, answer, engine)))


def _instance(row: WireInstance) -> Instance:
    definition = row.definitionKey or (row.definitionId or "").split(":")[0] or None
    return Instance(
        id=row.id,
        definition=definition,
        definition_id=row.definitionId,
        business_key=row.businessKey,
        state="suspended" if row.suspended else "active",
        tenant=row.tenantId,
    )

"""Finding instances: the engine itself evaluates what is asked for."""

from __future__ import annotations

from adapters.camunda7 import faults
from adapters.camunda7.instances import instance_of, past_instance
from adapters.camunda7.query import conditions_body
from adapters.camunda7.settings import Settings
from adapters.camunda7.wire import decode_body, instances_decoder, pasts_decoder, query_request
from gateway.model.commands import FindInstances
from gateway.model.results import Instance, InstancesFound
from gateway.plan import Plan, VendorResponse

_OK = 200


def find_instances(engine: str, settings: Settings, command: FindInstances) -> Plan[InstancesFound]:
    """Read ``POST /process-instance``, or ``POST /history/process-instance`` for ended ones too, page by page.

    ``definition`` is a key, or an id when it has the colons of one.

    Raises:
        ValueInvalid: a text in a condition that the engine would take for something else.
    """
    if command.ids == ():
        return InstancesFound(())  # an empty list is an error of the engine's
    body = _criteria(engine, settings, command)
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


def _criteria(engine: str, settings: Settings, command: FindInstances) -> dict[str, object]:
    body: dict[str, object] = {"sorting": [{"sortBy": "instanceId", "sortOrder": "asc"}]}
    if command.business_key is not None:
        body["processInstanceBusinessKey" if command.ended else "businessKey"] = command.business_key
    if command.definition is not None:
        body["processDefinitionId" if ":" in command.definition else "processDefinitionKey"] = command.definition
    if command.ids is not None:
        body["processInstanceIds"] = command.ids
    if command.state is not None:
        body[command.state] = True
    if command.variables:
        body["variables"] = conditions_body(engine, settings, command.variables)
        body |= {"variableNamesIgnoreCase": True} if command.names_ignore_case else {}
        body |= {"variableValuesIgnoreCase": True} if command.values_ignore_case else {}
    return body


def _rows(engine: str, answer: VendorResponse, *, ended: bool) -> list[Instance]:
    if ended:
        return [past_instance(row) for row in decode_body(pasts_decoder, answer, engine)]
    return [instance_of(row) for row in decode_body(instances_decoder, answer, engine)]

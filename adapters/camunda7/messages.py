"""Messages: ``POST /message``, which starts an instance or goes to an execution that waits; one transaction."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from adapters.camunda7 import faults, wire
from adapters.camunda7.instances import instance_of
from adapters.camunda7.settings import Settings
from adapters.camunda7.starting import encode_variables
from gateway.errors import InstanceStateConflict
from gateway.model.lifecycle import CorrelateMessage
from gateway.model.results import Correlated, MessageCorrelated, Rule
from gateway.plan import Plan, VendorRequest, VendorResponse

_OK = 200
_MISMATCH = "MismatchingMessageCorrelationException"  # the end of a class name whose package differs by fork
_MANY = "ENGINE-13031"  # … cannot correlate a message with name 'M' to a single execution


def correlate_message(engine: str, settings: Settings, command: CorrelateMessage) -> Plan[MessageCorrelated]:
    """Correlate a message.

    Raises:
        InstanceStateConflict: nobody waits for it (a suspended instance does not), or more than one does.
        InstanceNotFound: the instance that is named is not there.
    """
    body: dict[str, object] = {"messageName": command.name, "resultEnabled": True, "all": command.everybody}
    named = {"businessKey": command.business_key, "tenantId": command.tenant, "processInstanceId": command.instance}
    body |= {key: value for key, value in named.items() if value is not None}
    rules: tuple[Rule, ...] = ()
    for key, variables, member in (
        ("correlationKeys", command.correlation_keys, "correlationKeys"),
        ("localCorrelationKeys", command.local_correlation_keys, "localCorrelationKeys"),
        ("processVariables", command.variables, "variables"),
        ("processVariablesLocal", command.local_variables, "localVariables"),
    ):
        if variables:
            body[key], taken = encode_variables(variables, settings, member)
            rules += taken
    answer = yield VendorRequest(
        method="POST",
        path=("message",),
        headers=wire.JSON,
        body=wire.encoder.encode(body),
        writes=True,
        idempotent=False,
    )
    if answer.status != _OK:
        yield from _failed(engine, answer, command)
    rows = wire.decode_body(wire.correlations_decoder, answer, engine)
    receivers = tuple(each for row in rows if (each := _receiver(row)) is not None)
    return MessageCorrelated(receivers=receivers, rules=rules)


def _receiver(row: wire.WireCorrelation) -> Correlated | None:
    if row.processInstance is not None:
        begun = instance_of(row.processInstance)
        return Correlated(instance=begun.id, started=True, begun=begun)
    waited = row.execution
    if waited is None:
        return None
    return Correlated(
        instance=waited.processInstanceId, execution=waited.id, ended=waited.ended, tenant=waited.tenantId
    )


def _failed(
    engine: str, answer: VendorResponse, command: CorrelateMessage
) -> Generator[VendorRequest, VendorResponse, NoReturn]:
    message = faults.error_of(answer).message or ""
    if _MISMATCH not in message:
        raise faults.translate(engine, answer, writes=True)
    if command.instance is not None:
        yield from faults.confirm(engine, command.instance)
    detail = "Nobody waits for this message now."
    if _MANY in message:
        detail = "More than one waits for this message; say more of which, or that all get it."
    raise InstanceStateConflict(detail, engine=engine, engine_status=answer.status)

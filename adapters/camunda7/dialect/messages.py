"""Messages in Camunda's language: ``POST /message``, and who got one."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.camunda7.dialect.bodies import read_json, read_values
from adapters.camunda7.dialect.facts import below_engine
from adapters.camunda7.dialect.starting import show_instance
from gateway.errors import (
    Fault,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidRequest,
    MethodNotAllowed,
    Unsupported,
    VarbridgeError,
)
from gateway.model.commands import Command, ListVariables
from gateway.model.lifecycle import CorrelateMessage
from gateway.model.results import Correlated, Instance
from gateway.port import DialectRequest

MISMATCH = "MismatchingMessageCorrelationException"
"""The end of a class name whose package differs by fork: nobody waits, more than one does, or there is no such instance
(recordings ``message-…``)."""


class GivenMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST /message``."""

    message_name: str | None = None
    business_key: str | None = None
    tenant_id: str | None = None
    without_tenant_id: bool = False
    process_instance_id: str | None = None
    correlation_keys: dict[str, msgspec.Raw] | None = None
    local_correlation_keys: dict[str, msgspec.Raw] | None = None
    process_variables: dict[str, msgspec.Raw] | None = None
    process_variables_local: dict[str, msgspec.Raw] | None = None
    process_variables_to_triggered_scope: dict[str, msgspec.Raw] | None = None
    all: bool = False
    result_enabled: bool = False
    variables_in_result_enabled: bool = False


_message = msgspec.json.Decoder(GivenMessage)
_UNSAID = {
    "without_tenant_id": "withoutTenantId",
    "process_variables_to_triggered_scope": "processVariablesToTriggeredScope",
}


def decode_message(request: DialectRequest) -> tuple[Command, ...]:
    """Return the correlation of a message and, where its answer shows the variables of the instance named, their read.

    Raises:
        MethodNotAllowed: only POST correlates. InvalidRequest: there is no name, or the body has other members.
        Unsupported: what only Camunda's own engines can do.
    """
    if request.method != "POST":
        raise MethodNotAllowed
    given = read_json(request, _message)
    _check(given)
    command = CorrelateMessage(
        name=given.message_name or "",
        instance=given.process_instance_id,
        business_key=given.business_key,
        tenant=given.tenant_id,
        correlation_keys=read_values(given.correlation_keys, "correlationKeys"),
        local_correlation_keys=read_values(given.local_correlation_keys, "localCorrelationKeys"),
        variables=read_values(given.process_variables, "variables"),
        local_variables=read_values(given.process_variables_local, "localVariables"),
        everybody=given.all,
    )
    return (command, ListVariables(instance="", ended=True)) if given.variables_in_result_enabled else (command,)


def _check(given: GivenMessage) -> None:
    if given.message_name is None:
        raise InvalidRequest("No message name supplied")
    if given.variables_in_result_enabled and not given.result_enabled:
        raise InvalidRequest("Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.")
    for name, member in _UNSAID.items():
        if getattr(given, name):
            raise _unsaid(member, f"`{member}` is not offered here.")
    if given.variables_in_result_enabled and given.process_instance_id is None:
        raise _unsaid("variablesInResultEnabled", "`variablesInResultEnabled` needs a `processInstanceId` here.")


def _unsaid(member: str, detail: str) -> Unsupported:
    return Unsupported(detail, errors=(Fault(f"/{member}", detail),))


def is_mismatch(error: VarbridgeError, request: DialectRequest) -> bool:
    """Return whether an error is told as a mismatch: nobody got the message, or there is no such instance."""
    is_message = below_engine(request.segments) == ("message",)
    return is_message and isinstance(error, (InstanceNotFound, InstanceStateConflict))


def encode_receivers(
    request: DialectRequest, receivers: tuple[Correlated, ...], variables: dict[str, Any] | None = None
) -> list[dict[str, Any]] | None:
    """Return the rows of an answer; None where the caller asks for no result.

    Args:
        request: as it was decoded; an instance that it names is shown as it is written there.
        receivers: who got the message.
        variables: those of the instance that is named, where the caller asks for them.
    """
    given = read_json(request, _message)
    if not given.result_enabled:
        return None
    more = {} if variables is None else {"variables": variables}
    return [_row(each, given.process_instance_id or each.instance) | more for each in receivers]


def _row(receiver: Correlated, written: str) -> dict[str, Any]:
    if receiver.started:
        begun = receiver.begun or Instance(id=written)
        return {"resultType": "ProcessDefinition", "execution": None, "processInstance": show_instance(begun, written)}
    execution = {
        "id": receiver.execution or written,
        "processInstanceId": written,
        "ended": receiver.ended,
        "tenantId": receiver.tenant,
    }
    return {"resultType": "Execution", "execution": execution, "processInstance": None}

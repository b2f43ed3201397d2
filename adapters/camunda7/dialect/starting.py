"""Starts in Camunda's language: ``POST /process-definition/…/start`` and ``…/submit-form``, and their answer."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.camunda7.dialect.bodies import read_json, read_values
from adapters.camunda7.dialect.facts import below_engine
from gateway.errors import Fault, MethodNotAllowed, Unsupported
from gateway.model.commands import Command, ListVariables
from gateway.model.lifecycle import StartInstance
from gateway.model.results import Instance
from gateway.plan import encode_path
from gateway.port import DialectRequest


class GivenStart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of a start."""

    variables: dict[str, msgspec.Raw] | None = None
    business_key: str | None = None
    case_instance_id: str | None = None
    start_instructions: list[msgspec.Raw] | None = None
    skip_custom_listeners: bool = False
    skip_io_mappings: bool = False
    with_variables_in_return: bool = False


_start = msgspec.json.Decoder(GivenStart)
_UNSAID = ("case_instance_id", "start_instructions", "skip_custom_listeners", "skip_io_mappings")


def decode_start(request: DialectRequest, definition: str, tenant: str | None = None) -> tuple[Command, ...]:
    """Return the start of an instance and, where the caller asks for its variables, their read.

    Args:
        request: its body is that of a start.
        definition: a key, or the id of a definition here, of which the key counts: the owner has ids of its own.
        tenant: whose definition.

    Raises:
        Unsupported: what only Camunda's own engines can do at a start.
    """
    if request.method != "POST":
        raise MethodNotAllowed
    given = read_json(request, _start)
    for name in _UNSAID:
        if getattr(given, name):
            member = next(field.encode_name for field in msgspec.structs.fields(given) if field.name == name)
            detail = f"`{member}` cannot be said to another vendor's engine."
            raise Unsupported(detail, errors=(Fault(f"/{member}", detail),))
    start = StartInstance(
        definition=definition.partition(":")[0],
        business_key=given.business_key,
        tenant=tenant,
        variables=read_values(given.variables, "variables"),
    )
    return (start, ListVariables(instance="", ended=True)) if given.with_variables_in_return else (start,)


def links(request: DialectRequest, instance: str) -> list[dict[str, Any]]:
    """Return the links of an instance that was started: where it can be read at this front door."""
    below = ("engine", request.segments[1]) if below_engine(request.segments) != request.segments else ()
    href = request.base + encode_path((*below, "process-instance", instance))
    return [{"method": "GET", "href": href, "rel": "self"}]


def show_instance(instance: Instance, written: str) -> dict[str, Any]:
    """Return an instance as ``GET /process-instance/{id}`` shows it, with the id as the caller wrote it."""
    return {
        "links": [],
        "id": written,
        "definitionId": instance.definition_id,
        "definitionKey": instance.definition,
        "businessKey": instance.business_key,
        "caseInstanceId": None,
        "ended": instance.state in {"completed", "terminated"},
        "suspended": instance.state == "suspended",
        "tenantId": instance.tenant,
    }

"""Starting: ``POST /process-definition/key/{key}/start`` or ``…/{id}/start``, one transaction up to the first wait."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import NoReturn

from adapters.camunda7 import faults, wire
from adapters.camunda7.instances import instance_of
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_value, encode
from gateway.errors import EngineError, Fault, ValueInvalid
from gateway.model.lifecycle import StartInstance, pointer
from gateway.model.results import InstanceStarted, Rule
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse, fits_path

_OK, _NOT_FOUND = 200, 404


def start_instance(engine: str, settings: Settings, command: StartInstance) -> Plan[InstanceStarted]:
    """Start an instance. ``definition`` is a key, or an id when it has the colons of one.

    Raises:
        ValueInvalid: there is no such definition, or a variable does not fit; nothing was started.
        InstanceStateConflict: the definition is suspended.
    """
    path = _path(engine, command)
    variables, rules = encode_variables(command.variables, settings)
    body: dict[str, object] = {"variables": variables}
    if command.business_key is not None:
        body["businessKey"] = command.business_key
    answer = yield VendorRequest(
        method="POST",
        path=path,
        headers=wire.JSON,
        body=wire.encoder.encode(body),
        writes=True,
        idempotent=False,
    )
    if answer.status != _OK:
        yield from _failed(engine, answer, command)
    return InstanceStarted(instance=instance_of(wire.decode_body(wire.instance_decoder, answer, engine)), rules=rules)


def _path(engine: str, command: StartInstance) -> tuple[str, ...]:
    tenant = ("tenant-id", command.tenant) if command.tenant is not None else ()
    is_id = ":" in command.definition
    if not fits_path(command.definition):
        raise _refused(engine, "/definition", "A path cannot carry this key; give the definition's id.")
    if tenant and (is_id or not fits_path(tenant[1])):
        raise _refused(engine, "/tenant", "A definition's id names its tenant already." if is_id else "No such tenant.")
    return ("process-definition", *(() if is_id else ("key",)), command.definition, *tenant, "start")


def encode_variables(
    variables: Mapping[str, Value], settings: Settings, member: str = "variables"
) -> tuple[dict[str, wire.WireValue], tuple[Rule, ...]]:
    """Return variables in the vendor's spelling, and the rules by which they differ from what was given.

    Args:
        variables: without a thought for stored types, which they do not have yet.
        settings: of the engine.
        member: where they stand in the caller's body.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: a value cannot be sent.
    """
    written: dict[str, wire.WireValue] = {}
    rules: list[Rule] = []
    for name, value in variables.items():
        at = pointer(member, name)
        written[name], rule = encode(name, check_value(value, settings, at), settings, at)
        rules += [] if rule is None else [Rule(rule, name)]
    return written, tuple(rules)


def _failed(
    engine: str, answer: VendorResponse, command: StartInstance
) -> Generator[VendorRequest, VendorResponse, NoReturn]:
    if answer.status == _NOT_FOUND:
        # No matching process definition with key: x and no tenant-id
        raise _refused(engine, "/definition", "The engine has no such definition to start.", answer)
    error = faults.translate(engine, answer, writes=True)
    if type(error) is EngineError and ":" in command.definition:
        known = yield wire.read_request("process-definition", command.definition)
        if known.status == _NOT_FOUND:
            raise _refused(engine, "/definition", "The engine has no such definition to start.", answer)
    raise error


def _refused(engine: str, at: str, detail: str, answer: VendorResponse | None = None) -> ValueInvalid:
    status = None if answer is None else answer.status
    return ValueInvalid(detail, engine=engine, engine_status=status, errors=(Fault(at, detail),))

"""What moves the fake's instances on: definitions to start, and the message ``Paid``, which ``messageWait`` awaits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.camunda7.fake import answers, convert
from adapters.camunda7.fake.convert import Refused
from adapters.camunda7.fake.places import FakeInstance
from gateway.plan import VendorResponse

AWAITED = {"messageWait": "Paid"}
_MISMATCH = "org.camunda.bpm.engine.MismatchingMessageCorrelationException: "


def definition(known: frozenset[str] | None, named: tuple[str, ...]) -> str:
    """Return the key of what is to be started: by key, by key and tenant, or by id.

    Raises:
        Refused: as the engine does.
    """
    match named:
        case ("key", key) if known is None or key in known:
            return key
        case ("key", key):
            raise Refused(
                404, "RestException", f"No matching process definition with key: {key} and no tenant-id", None
            )
        case ("key", key, "tenant-id", tenant):
            message = f"No matching process definition with key: {key} and tenant-id: {tenant}"
            raise Refused(404, "RestException", message, None)
        case (definition_id,) if _is_known(known, definition_id):
            return definition_id.partition(":")[0]
        case _:
            message = (
                f"Cannot instantiate process definition {named[0]}: no deployed process definition found with id "
                f"'{named[0]}': processDefinition is null"
            )
            raise Refused(500, "RestException", message, 0)


def _is_known(known: frozenset[str] | None, definition_id: str) -> bool:
    key, _, rest = definition_id.partition(":")
    return rest == "1:1" and (known is None or key in known)


def described(known: frozenset[str] | None, definition_id: str) -> VendorResponse:
    """Return one definition."""
    if not _is_known(known, definition_id):
        message = f"No matching definition with id {definition_id}"
        return answers.error(404, "InvalidRequestException", message, None)
    return answers.ok({"id": definition_id, "key": definition_id.partition(":")[0], "version": 1, "suspended": False})


def listed(known: frozenset[str] | None, used: Iterable[str], query: Mapping[str, str]) -> VendorResponse:
    """Return a page of the definitions that are known, or those that instances have; each has one version."""
    first, most = int(query.get("firstResult", "0")), int(query.get("maxResults", "1000"))
    keys = sorted(set(used) if known is None else known)[first : first + most]
    unset = ("category", "description", "diagram", "name", "tenantId", "versionTag")
    return answers.ok(
        [{"id": f"{key}:1:1", "key": key, "version": 1, "suspended": False, **dict.fromkeys(unset)} for key in keys]
    )


def correlated(instances: Mapping[str, FakeInstance], body: dict[str, Any]) -> VendorResponse:
    """Hand a message to who waits for it."""
    name = body.get("messageName")
    if name is None:
        raise Refused(400, "InvalidRequestException", "No message name supplied", None)
    changes = answers.prefixed(
        "Cannot deliver message: ", lambda: answers.converted(body.get("processVariables") or {})
    )
    waiting = [instance for instance in instances.values() if _waits(instance, body)]
    if not waiting and not body.get("all"):
        said = f"Cannot correlate message '{name}': No process definition or execution matches the parameters"
        raise Refused(400, "RestException", _MISMATCH + said, 0)
    if len(waiting) > 1 and not body.get("all"):
        said = (
            f"ENGINE-13031 Cannot correlate a message with name '{name}' to a single execution. "
            f"{len(waiting)} executions match the correlation keys"
        )
        raise Refused(400, "RestException", _MISMATCH + said, 0)
    answers.check_started(changes)
    for instance in waiting:
        _store(instance, changes)
        instance.awaits = None
    rows = [_row(instance, values=bool(body.get("variablesInResultEnabled"))) for instance in waiting]
    return answers.ok(rows) if body.get("resultEnabled") else answers.no_content()


def _waits(instance: FakeInstance, body: dict[str, Any]) -> bool:
    keys = answers.converted(body.get("correlationKeys") or {})
    return (
        instance.awaits == body.get("messageName")
        and not instance.suspended
        and body.get("businessKey") in {None, instance.business_key}
        and body.get("processInstanceId") in {None, instance.id}
        and all(
            name in instance.variables and instance.variables[name].value == key.value for name, key in keys.items()
        )
    )


def _row(instance: FakeInstance, *, values: bool) -> dict[str, Any]:
    execution = {"id": answers.new_id(), "processInstanceId": instance.id, "ended": True, "tenantId": None}
    shown = {name: convert.shown(each.type, each.value, each.info) for name, each in instance.variables.items()}
    row = {"resultType": "Execution", "execution": execution, "processInstance": None}
    return row | ({"variables": shown} if values else {})


def _store(instance: FakeInstance, changes: Mapping[str, convert.Change]) -> None:
    for name, change in changes.items():
        answers.store(instance, name, change)

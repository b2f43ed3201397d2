"""Turns results into the JSON of ``/v1``. Values keep their exact text (``msgspec.Raw``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.access import Caller
from gateway.model.results import Activity, Instance, Rule, Scope, Variable
from gateway.model.values import Value
from gateway.operations.instances import Health
from gateway.port import Engine
from gateway.web.v1.problems import Problem


class VariableShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variable in an answer of ``/v1``; a member is absent if it is unknown or does not apply."""

    name: str
    type: str
    format: str | None = None
    value: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None
    class_name: str | None = None
    serialization: str | None = None
    transient: bool = False
    scope: Scope | None = None
    etag: str | None = None
    size: int | None = None
    error: str | None = None
    redacted: bool = False


class QueryItem(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    gc=False,  # in no cycle, and made by the thousand
):
    """One variable that a query found; a member is absent if it is unknown or does not apply."""

    engine: str
    id: str
    name: str
    type: str | None
    instance: str | None = None
    definition: str | None = None
    tenant: str | None = None
    format: str | None = None
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None
    class_name: str | None = None
    serialization: str | None = None
    transient: bool = False
    scope: Scope | None = None
    size: int | None = None
    error: str | None = None
    redacted: bool = False
    twin: bool = False


class EngineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to an engine in the answer to a dry run.

    Args:
        path: path and query as they are sent.
        headers: secrets starred.
        body: JSON as JSON; other text as text, other bytes as base64; ``<stream>``; a form as the list of its parts.
        writes: whether it would change the engine; then it was not sent.
    """

    engine: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any = None
    writes: bool


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a write would send, in order, and the rules that would apply.

    Args:
        items: of a write to many instances: how each would go, as far as reads can tell.
        total: of an operation: the instances that its query finds; ``more``: there are others, which were not counted.
    """

    requests: list[EngineRequest]
    rules: tuple[Rule, ...] = ()
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    total: int | msgspec.UnsetType = msgspec.UNSET
    more: bool | msgspec.UnsetType = msgspec.UNSET


FIELDS = frozenset(VariableShape.__struct_encode_fields__)
PLAIN = frozenset(("null", "boolean", "integer", "number", "string", "date-time", "json", "xml"))
"""Types whose values have no other members than their text."""
_OF_VALUE = ("filename", "media_type", "encoding", "class_name", "serialization")
_SPELLED = dict(zip(VariableShape.__struct_fields__, VariableShape.__struct_encode_fields__, strict=True))


def variables(
    found: Iterable[tuple[Variable, str | None]], caller: Caller, fields: frozenset[str] | None
) -> list[dict[str, object]]:
    """Return the JSON of a list of variables, each with its entity tag."""
    shown: list[dict[str, object]] = []
    for each, tag in found:
        shape = variable(each, caller, fields)
        if tag is not None and (fields is None or "etag" in fields):
            shape["etag"] = tag
        shown.append(shape)
    return shown


def variable(found: Variable, caller: Caller, fields: frozenset[str] | None) -> dict[str, object]:
    """Return the JSON of one variable; a masked variable is shown without its value."""
    value = found.value
    shape: dict[str, object] = {"name": found.name, "type": value.type}
    if value.format is not None:
        shape["format"] = value.format
    if caller.is_masked(found.name):
        shape["redacted"] = True
    else:
        if value.value:
            shape["value"] = value.value
        if value.type not in PLAIN:
            shape |= {_SPELLED[member]: content for member, content in more(value).items()}
    if value.transient:
        shape["transient"] = True
    for extra, content in (("scope", found.scope), ("size", found.size), ("error", found.error)):
        if content is not None:
            shape[extra] = content
    if fields is None:
        return shape
    return {key: content for key, content in shape.items() if key in fields or key == "name"}


def more(value: Value) -> dict[str, Any]:
    """Return the other members of a value, by the names of their fields."""
    return {member: content for member in _OF_VALUE if (content := getattr(value, member)) is not None}


def instance(engine: str, found: Instance, public: str) -> dict[str, object]:
    """Return the JSON of one instance.

    Args:
        engine: where it is.
        found: as the engine has it.
        public: the id by which callers know it.
    """
    shape: dict[str, object | None] = {
        "instance": public,
        "engine": engine,
        "id": found.id,
        "definition": found.definition,
        "definitionId": found.definition_id,
        "businessKey": found.business_key,
        "state": found.state,
        "tenant": found.tenant,
    }
    return {key: content for key, content in shape.items() if content is not None}


def activity(found: Activity) -> dict[str, str]:
    """Return the JSON of one activity instance."""
    shape = {name: getattr(found, name) for name in Activity.__struct_fields__}
    return {key: content for key, content in shape.items() if content is not None}


def engine(known: Engine, health: Health) -> dict[str, object]:
    """Return the JSON of one engine: what it can do, and whether it is up."""
    capabilities = known.capabilities
    return {
        "engine": known.name,
        "vendor": known.vendor,
        "version": health.version,
        "health": "up" if health.up else "down",
        **({"problem": health.code} if health.code else {}),
        "capabilities": sorted(capabilities.features),
        "types": sorted(capabilities.types),
        "limits": {
            "stringLength": capabilities.limits.string_length,
            "nameLength": capabilities.limits.name_length,
        },
    }


def engine_status(name: str, count: int, problem: Problem | None) -> dict[str, object]:
    """Return the JSON of one engine's part in a search."""
    status = "ok" if problem is None else "failed"
    return {"engine": name, "status": status, "count": count, **({"problem": problem} if problem else {})}

"""The vendor's JSON, in the vendor's spelling. Nothing outside this folder knows it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from gateway.errors import EngineMisbehaved
from gateway.model.unreadable import MARK, mark_unreadable
from gateway.plan import VendorRequest, VendorResponse

T = TypeVar("T")
JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
ACCEPT = (("Accept", "application/json"),)
NULL = msgspec.Raw(b"null")


class WireValue(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # it can be in no cycle
    """``{type, value, valueInfo}``; an answer without the first two is no answer to what was asked, and is no null."""

    type: str | None
    value: msgspec.Raw
    valueInfo: dict[str, Any] | None = None  # noqa: N815 - the vendor's spelling


class WireVariable(WireValue, frozen=True, kw_only=True):
    """One row of ``/variable-instance``."""

    name: str
    id: str | None = None
    processInstanceId: str | None = None  # noqa: N815
    executionId: str | None = None  # noqa: N815
    taskId: str | None = None  # noqa: N815
    activityInstanceId: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815


class WireName(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``/variable-instance``, of which only the name matters."""

    name: str


class WireRow(WireVariable, frozen=True, kw_only=True):
    """One row of a query over all instances."""

    processDefinitionId: str | None = None  # noqa: N815
    caseInstanceId: str | None = None  # noqa: N815
    caseExecutionId: str | None = None  # noqa: N815
    batchId: str | None = None  # noqa: N815
    tenantId: str | None = None  # noqa: N815


class WireCount(msgspec.Struct, frozen=True, kw_only=True):
    """``{"count": n}``."""

    count: int


class WirePatch(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST …/variables``."""

    modifications: dict[str, WireValue]
    deletions: tuple[str, ...]


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error's body; ``code`` is absent up to 7.17."""

    type: str | None = None
    message: str | None = None
    code: int | None = None


class WireInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One process instance."""

    id: str
    definitionId: str | None = None  # noqa: N815
    definitionKey: str | None = None  # noqa: N815
    businessKey: str | None = None  # noqa: N815
    suspended: bool = False
    ended: bool = False
    tenantId: str | None = None  # noqa: N815


class WireDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One process definition, of one version."""

    id: str
    key: str
    name: str | None = None
    version: int | None = None
    tenantId: str | None = None  # noqa: N815


class WireExecution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution."""

    id: str
    processInstanceId: str  # noqa: N815
    ended: bool = False
    tenantId: str | None = None  # noqa: N815


class WireTransition(msgspec.Struct, frozen=True, kw_only=True):
    """A token between two elements (an asynchronous continuation)."""

    id: str
    activityId: str | None = None  # noqa: N815
    activityName: str | None = None  # noqa: N815


class WireActivity(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the activity-instance tree."""

    id: str
    activityId: str | None = None  # noqa: N815
    activityName: str | None = None  # noqa: N815
    activityType: str | None = None  # noqa: N815
    childActivityInstances: list[WireActivity] | None = None  # noqa: N815
    childTransitionInstances: list[WireTransition] | None = None  # noqa: N815


class WireOwned(msgspec.Struct, frozen=True, kw_only=True):
    """An execution or a task, by the process instance it belongs to; a task outside processes has none."""

    processInstanceId: str | None = None  # noqa: N815


class WireTask(WireOwned, frozen=True, kw_only=True):
    """A task that is open."""

    name: str | None = None
    taskDefinitionKey: str | None = None  # noqa: N815
    assignee: str | None = None
    created: str | None = None
    due: str | None = None


class WirePastTask(WireOwned, frozen=True, kw_only=True):
    """A task of the history; ``deleteReason`` is ``completed``, or why it ended otherwise."""

    name: str | None = None
    taskDefinitionKey: str | None = None  # noqa: N815
    assignee: str | None = None
    startTime: str | None = None  # noqa: N815
    endTime: str | None = None  # noqa: N815
    due: str | None = None
    deleteReason: str | None = None  # noqa: N815


class WirePast(msgspec.Struct, frozen=True, kw_only=True):
    """One process instance of the history."""

    id: str
    processDefinitionId: str | None = None  # noqa: N815
    processDefinitionKey: str | None = None  # noqa: N815
    businessKey: str | None = None  # noqa: N815
    state: str | None = None
    tenantId: str | None = None  # noqa: N815


class WireCorrelation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the answer to a message: who waited for it, or what it started."""

    execution: WireExecution | None = None
    processInstance: WireInstance | None = None  # noqa: N815


class WireVersion(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /version``; null when the jar does not say."""

    version: str | None = None


value_decoder = msgspec.json.Decoder(WireValue)
values_decoder = msgspec.json.Decoder(dict[str, WireValue])
rows_decoder = msgspec.json.Decoder(list[WireVariable])
names_decoder = msgspec.json.Decoder(list[WireName])
raw_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])
found_decoder = msgspec.json.Decoder(list[WireRow])
count_decoder = msgspec.json.Decoder(WireCount)
instance_decoder = msgspec.json.Decoder(WireInstance)
instances_decoder = msgspec.json.Decoder(list[WireInstance])
execution_decoder = msgspec.json.Decoder(WireExecution)
definitions_decoder = msgspec.json.Decoder(list[WireDefinition])
tree_decoder = msgspec.json.Decoder(WireActivity)
owned_decoder = msgspec.json.Decoder(WireOwned)
task_decoder = msgspec.json.Decoder(WireTask)
past_tasks_decoder = msgspec.json.Decoder(list[WirePastTask])
past_decoder = msgspec.json.Decoder(WirePast)
pasts_decoder = msgspec.json.Decoder(list[WirePast])
correlations_decoder = msgspec.json.Decoder(list[WireCorrelation])
version_decoder = msgspec.json.Decoder(WireVersion)
error_decoder = msgspec.json.Decoder(WireError)
encoder = msgspec.json.Encoder()
_OK = 200
_NOT_AS_DOCUMENTED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_body(decoder: msgspec.json.Decoder[T], answer: VendorResponse, engine: str) -> T:
    """Return the decoded body of an answer with status 200.

    Raises:
        EngineMisbehaved: it is not the JSON that the API documents (a login page, a cut-off text).
    """
    try:
        return _decode(decoder, answer.content())
    except _NOT_AS_DOCUMENTED as error:
        raise _misbehaved(engine, answer.status) from error


def decode_rows(decoder: msgspec.json.Decoder[list[T]], answer: VendorResponse, engine: str) -> list[T]:
    """Return the decoded rows; a row whose value holds a text that no UTF-8 carries has an error instead.

    Raises:
        EngineMisbehaved: as for ``decode_body``, and a variable whose name no UTF-8 carries.
    """
    try:
        return _decode(decoder, answer.content())
    except _NOT_AS_DOCUMENTED as error:
        rows = _decode_marked(decoder, answer, engine, error)
    return [_without_mark(row, engine) for row in rows]


def decode_values(answer: VendorResponse, engine: str) -> list[WireVariable]:
    """Return the rows of an answer that holds values by name.

    Raises:
        EngineMisbehaved: as for ``decode_rows``.
    """
    try:
        return _named(_decode(values_decoder, answer.content()))
    except _NOT_AS_DOCUMENTED as error:
        rows = _named(_decode_marked(values_decoder, answer, engine, error))
    return [_without_mark(row, engine) for row in rows]


def _named(values: dict[str, WireValue]) -> list[WireVariable]:
    return [
        WireVariable(name=name, type=each.type, value=each.value, valueInfo=each.valueInfo)
        for name, each in values.items()
    ]


def _decode_marked(decoder: msgspec.json.Decoder[T], answer: VendorResponse, engine: str, error: Exception) -> T:
    """Decode an answer that could not be decoded, with a mark in place of each text that no UTF-8 carries."""
    marked = mark_unreadable(answer.content())
    if marked is None:
        raise _misbehaved(engine, answer.status) from error
    try:
        return _decode(decoder, marked)
    except _NOT_AS_DOCUMENTED as still:
        raise _misbehaved(engine, answer.status) from still


def _decode(decoder: msgspec.json.Decoder[T], content: bytes) -> T:
    if not content.isascii():
        _ = content.decode()  # msgspec checks no text that it only passes over
    return decoder.decode(content)


def _without_mark(row: T, engine: str) -> T:
    """Return a row with an error in place of a marked value; refuse a mark anywhere else in a row."""
    if not isinstance(row, WireVariable) or MARK not in encoder.encode(row):
        return row
    info = None if MARK in encoder.encode(row.valueInfo) else row.valueInfo
    clean = msgspec.structs.replace(row, value=NULL, valueInfo=info, errorMessage="no UTF-8 carries it")
    if MARK in encoder.encode(clean):
        raise _misbehaved(engine, _OK)
    return clean


def _misbehaved(engine: str, status: int) -> EngineMisbehaved:
    detail = "The engine's answer is not the JSON it should be."
    return EngineMisbehaved(detail, engine=engine, engine_status=status)


def read_request(*path: str, query: tuple[tuple[str, str], ...] = ()) -> VendorRequest:
    """Return a GET, which never changes the engine."""
    return VendorRequest(method="GET", path=path, query=query, headers=ACCEPT, writes=False, idempotent=True)


def query_request(*path: str, body: object, query: tuple[tuple[str, str], ...] = ()) -> VendorRequest:
    """Return a POST that only reads (a query)."""
    return VendorRequest(
        method="POST", path=path, query=query, headers=JSON, body=encoder.encode(body), writes=False, idempotent=True
    )

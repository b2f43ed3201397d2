"""Handlers of ``/v1`` for queries over all engines. One handler for each route."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec

from gateway.errors import (
    EngineError,
    Fault,
    InvalidRequest,
    PayloadTooLarge,
    Refusal,
    VarbridgeError,
)
from gateway.model.query import LISTS, Filter, Row, Sort, check_filter
from gateway.operations import paging
from gateway.operations.paging import EngineShare, LinkScope, PagePosition, PageRequest, visible_rows
from gateway.operations.placing_links import public_id
from gateway.web.http import body
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies, engine_choice, problems, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.hints import HINTS
from gateway.web.v1.parameters import preferences, wants_twins
from gateway.web.v1.typed_values import ANYWHERE, mend

_LIMIT = 100
"""Rows of a page if the caller does not set ``limit``."""
_KEYS: dict[str, Literal["name", "type", "scope", "tenant"]] = {
    "name": "name",
    "type": "type",
    "scope": "scope",
    "tenant": "tenant",
    "variableName": "name",
    "variableType": "type",
    "activityInstanceId": "scope",
    "tenantId": "tenant",
}


class SortBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One sort key; Camunda's words for the four keys are accepted too."""

    sort_by: Literal[
        "name", "type", "scope", "tenant", "variableName", "variableType", "activityInstanceId", "tenantId"
    ]
    sort_order: Literal["asc", "desc"] = "asc"


class CountBody(Filter, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of ``POST /v1/variables/query/count``: filters, which must all be fulfilled, and engines (default: all)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"variableValues": [{"name": "amount", "operator": "gteq", "value": 5}]}

    engines: tuple[str, ...] | None = None


class QueryBody(CountBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of ``POST /v1/variables/query``."""

    sorting: tuple[SortBody, ...] = ()
    limit: Annotated[int, msgspec.Meta(ge=1)] = _LIMIT
    cursor: str | None = None


B = TypeVar("B", bound=CountBody)
_query = msgspec.json.Decoder(QueryBody)
_count = msgspec.json.Decoder(CountBody)
_positions = msgspec.json.Decoder(dict[str, PagePosition])


async def query_variables(context: RequestContext) -> Answer:
    """Answer ``POST /v1/variables/query``; strict unless ``Prefer: handling=lenient``."""
    decoded = await decode_filters(context, _query)
    limits = context.services.limits
    if decoded.limit > limits.max_query_rows:
        raise _invalid("/limit", f"A page has at most {limits.max_query_rows} rows.")
    wanted = page_request(context, decoded)
    wanted = msgspec.structs.replace(wanted, sorting=_sorting(decoded.sorting), limit=decoded.limit)
    purpose = _purpose(context, wanted)
    cursors = context.services.cursors
    positions = None if decoded.cursor is None else _positions.decode(await cursors.open(decoded.cursor, purpose))
    page = await paging.read_page(context.services.gateway, wanted, positions, context.call)
    following = None if page.positions is None else await cursors.seal(msgspec.json.encode(page.positions), purpose)
    items = [_item(context, engine, row) for engine, row in page.rows]
    return search_answer(context, page.shares, {"items": items, "next": following})


async def count_variables(context: RequestContext) -> Answer:
    """Answer ``POST /v1/variables/query/count``; strict unless ``Prefer: handling=lenient``."""
    wanted = page_request(context, await decode_filters(context, _count))
    shares = await paging.count_rows(context.services.gateway, wanted, context.call)
    return search_answer(context, shares, {"count": sum(share.count for share in shares)})


async def decode_filters(context: RequestContext, decoder: msgspec.json.Decoder[B]) -> B:
    """Receive and decode the body of a query; refuse filters that are null and lists that are too long."""
    content = await bodies.receive(context)
    decoded = body.decode(decoder, content, context.services.limits, HINTS, mend(ANYWHERE))
    if b"null" in content:
        _refuse_null_filters(content)
    for name, spelled in zip(decoded.__struct_fields__, decoded.__struct_encode_fields__, strict=True):
        if name in LISTS and len(getattr(decoded, name) or ()) > context.services.limits.max_names:
            raise PayloadTooLarge(f"A list has at most {context.services.limits.max_names} ids.", errors=_at(spelled))
    return decoded


def _refuse_null_filters(content: bytes) -> None:
    """Refuse a filter that is null: Camunda takes a list that is null for "all instances" (seen live)."""
    for name, raw in msgspec.json.decode(content, type=dict[str, msgspec.Raw]).items():
        if bytes(raw) == b"null" and name != "cursor":
            raise _invalid(f"/{name}", "A filter that does not matter is left out; it is never null.")


def page_request(context: RequestContext, decoded: CountBody) -> PageRequest:
    """Return the request for rows; refuse filters and engines that the caller may not use."""
    wanted = check_filter(Filter(**{name: getattr(decoded, name) for name in Filter.__struct_fields__}))
    return PageRequest(
        filter=wanted,
        engines=_engines(context, decoded.engines),
        visible=visible_rows(context.caller, wanted),
        linked=LinkScope(twins=wants_twins(context)),
        lenient=preferences(context).get("handling") == "lenient",
    )


def _engines(context: RequestContext, named: tuple[str, ...] | None) -> tuple[str, ...]:
    if named == ():
        raise _invalid("/engines", "An empty list asks nobody; leave it out for all engines.")
    names = engine_choice.several(context, named, _at("engines"))
    if len(names) == 1:
        context.engine = names[0]
    return names


def _sorting(keys: tuple[SortBody, ...]) -> tuple[Sort, ...]:
    sorting = tuple(Sort(key=_KEYS[each.sort_by], descending=each.sort_order == "desc") for each in keys)
    if len({each.key for each in sorting}) != len(sorting):
        raise _invalid("/sorting", "A key stands twice.")
    return sorting


def _purpose(context: RequestContext, wanted: PageRequest) -> bytes:
    """Return what a cursor is bound to: filter, order, engines and caller."""
    bound = (wanted.filter, wanted.sorting, wanted.engines, wanted.linked.twins, context.caller.name)
    return b"query\0" + hashlib.sha256(msgspec.json.encode(bound)).digest()


def _item(context: RequestContext, engine: str, row: Row) -> shapes.QueryItem:
    found = row.variable
    value = found.value
    masked, links = context.caller.is_masked(found.name), context.services.gateway.links
    item = shapes.QueryItem(
        instance=None if row.instance is None else public_id(context.services.gateway, engine, row.instance),
        engine=engine,
        id=row.id,
        definition=row.definition,
        tenant=row.tenant,
        name=found.name,
        type=value.type,
        format=value.format,
        value=value.value if value.value and not masked else msgspec.UNSET,
        transient=value.transient,
        scope=found.scope,
        size=found.size,
        error=found.error,
        redacted=masked,
        twin=links.active and row.instance is not None and links.is_twin(engine, row.instance),
    )
    return item if masked or value.type in shapes.PLAIN else msgspec.structs.replace(item, **shapes.more(value))


def search_answer(
    context: RequestContext,
    shares: tuple[EngineShare, ...],
    content: dict[str, object],
    left_out: Sequence[EngineShare] = (),
) -> Answer:
    """Return the answer to a search, or a problem if engines failed: any one if strict, all of them if lenient."""
    engines = [_status(share) for share in (*shares, *left_out)]
    failures = [share.error for share in shares if share.error is not None]
    preferred = preferences(context).get("handling")
    if failures and (preferred != "lenient" or len(failures) == len(shares)):
        return _failed(context, failures, engines, alone=preferred != "lenient" or len(shares) == 1)
    applied = (("Preference-Applied", f"handling={preferred}"),) if preferred in {"lenient", "strict"} else ()
    return json_answer({**content, "engines": engines}, headers=applied)


def _failed(
    context: RequestContext, failures: list[VarbridgeError], engines: list[dict[str, object]], *, alone: bool
) -> Answer:
    error = failures[0]
    if not alone and not all(isinstance(each, Refusal) for each in failures):
        error = EngineError("No engine gave an answer.", outcome="not_applied")
    answer = problems.answer(error, context.call.request_id)
    shown = msgspec.to_builtins(problems.problem(error, context.call.request_id))
    return msgspec.structs.replace(answer, body=msgspec.json.encode({**shown, "engines": engines}))


def _status(share: EngineShare) -> dict[str, object]:
    if not share.asked and share.error is None:
        return {"engine": share.engine, "status": "pending", "count": 0}
    return shapes.engine_status(
        share.engine, share.count, None if share.error is None else problems.problem(share.error)
    )


def _at(name: str) -> tuple[Fault, ...]:
    return (Fault(f"/{name}", "see detail"),)


def _invalid(pointer: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, errors=(Fault(pointer, detail),))

"""Handler of ``POST /v1/bridge/links/import``: a file of links, streamed, and one report of what was refused."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator

import msgspec

from gateway.bridge.linking import new_link
from gateway.errors import InvalidRequest, StoreUnavailable, VarbridgeError
from gateway.model.bridge import Link
from gateway.operations.bridge.importing import BATCH, ImportReport, LinkImport, RowProblem, stopped
from gateway.web.http import body, target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1.bridge_context import check_change, check_storable, find_plan, links, parse_new_side
from gateway.web.v1.bridge_links import wants
from gateway.web.v1.context import RequestContext
from gateway.web.v1.import_lines import split_lines
from gateway.web.v1.import_rows import CSV, NDJSON, ImportRow, read_rows


class ImportShape(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to an import.

    Args:
        rows: of the file, without header and empty lines.
        linked: rows linked now; ``present``: rows that were linked so before.
        refused: number of rows refused, by reason; ``problems``: the first 10,000 of them.
    """

    rows: int
    linked: int
    present: int
    refused: dict[str, int]
    problems: list[RowProblem]


async def import_links(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/links/import`` with the report; rows that are refused do not stop others."""
    check_change(context)
    media_type = body.media_type(context.request, CSV, NDJSON)
    checks = bool(wants(context.query, "check"))
    plan = target.decoded(context.query["plan"], plus=True) if "plan" in context.query else None
    if plan is not None:
        _ = await find_plan(context, plan)
    gateway = context.services.gateway if checks else None
    work = LinkImport(links(context), gateway, context.call, context.caller.name)
    content = _Content()
    try:
        await _add_all(context, work, media_type, plan, content)
    except VarbridgeError as error:
        with contextlib.suppress(StoreUnavailable):
            await work.end(content.told(), plan, error)
        raise stopped(error, work.report) from error
    await work.end(content.told(), plan, None)
    return json_answer(_shape(work.report))


class _Content:
    """What was read of the file, for the audit trail."""

    def __init__(self) -> None:
        self._digest, self._size = hashlib.sha256(), 0

    async def follow(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces as they are."""
        async for piece in pieces:
            self._digest.update(piece)
            self._size += len(piece)
            yield piece

    def told(self) -> dict[str, str | int]:
        """Return what the trail says of it."""
        return {"sha256": self._digest.hexdigest(), "bytes": self._size}


async def _add_all(
    context: RequestContext, work: LinkImport, media_type: str, plan: str | None, content: _Content
) -> None:
    """Read the file to its end and make its links, some hundred in one transaction."""
    limits = context.services.limits
    lines = split_lines(content.follow(body.stream(context.request, limits)))
    pending: list[tuple[int, Link]] = []
    async for rows in read_rows(lines, media_type, limits):
        for row in rows:
            if (link := _link(context, row, plan, work.report)) is not None:
                pending.append((row.number, link))
            if len(pending) == BATCH:
                await work.add(pending)
                pending.clear()
    await work.add(pending)


def _link(context: RequestContext, row: ImportRow, plan: str | None, report: ImportReport) -> Link | None:
    """Return the link that a row names, or None where the row is refused at once."""
    given = row.link
    try:
        if given is None:
            raise InvalidRequest(row.fault or "")
        if plan is not None and given.plan not in {None, plan}:
            raise InvalidRequest(f"The row names another plan than the request, {plan}.")
        for text in (given.plan, given.business_key):
            check_storable(text or "")
        source, twin = parse_new_side(context, given.source), parse_new_side(context, given.target)
    except VarbridgeError as error:
        report.refuse(row.number, "row", error.detail)
        return None
    return new_link(source, twin, given.plan or plan, given.business_key)


def _shape(report: ImportReport) -> ImportShape:
    return ImportShape(
        rows=report.linked + report.present + report.refused.total(),
        linked=report.linked,
        present=report.present,
        refused=dict(report.refused),
        problems=sorted(report.problems, key=lambda each: each.row),
    )

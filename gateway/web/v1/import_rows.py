"""Rows of an imported file of links: from a line of CSV or NDJSON to the body of one link, or to what is wrong."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import msgspec

from gateway.errors import InvalidJson, InvalidRequest, VarbridgeError
from gateway.nearest import suggestion
from gateway.web.http import body
from gateway.web.http.limits import RequestLimits
from gateway.web.v1.bridge_shapes import LinkBody
from gateway.web.v1.hints import HINTS
from gateway.web.v1.import_lines import Line

CSV, NDJSON = "text/csv", "application/x-ndjson"
COLUMNS = LinkBody.__struct_encode_fields__
"""Of CSV, as members of the JSON body are named; the first two must be there."""
_NEEDED = ("source", "target")
_SYNONYMS = {
    **dict.fromkeys(("sourceId", "sourceInstance", "from"), "source"),
    **dict.fromkeys(("targetId", "targetInstance", "twin", "to"), "target"),
    "bridgePlan": "plan",
    "key": "businessKey",
}
_decoder = msgspec.json.Decoder(LinkBody)

ReadRow: TypeAlias = Callable[[Line], LinkBody]


class ImportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a file.

    Args:
        number: of its line; 1 for the first line of the file, which is the header in CSV.
        link: what it says; None where there is a fault.
        fault: why it cannot be read.
    """

    number: int
    link: LinkBody | None = None
    fault: str | None = None


async def read_rows(
    batches: AsyncIterator[list[Line]], media_type: str, limits: RequestLimits
) -> AsyncIterator[list[ImportRow]]:
    """Yield the rows of a file; empty lines are none.

    Raises:
        InvalidRequest: the header of a CSV file is missing or wrong.
    """
    read: ReadRow | None = None if media_type == CSV else _json_reader(limits)
    async for lines in batches:
        rows: list[ImportRow] = []
        for line in lines:
            if not line.text.strip() and line.fault is None:
                continue
            if read is None:
                read = _csv_reader(_header(line))
            else:
                rows.append(_row(line, read))
        yield rows
    if read is None:
        raise InvalidRequest(f"The file is empty; its first line names the columns: {','.join(COLUMNS)}.")


def _row(line: Line, read: ReadRow) -> ImportRow:
    if line.fault is not None:
        return ImportRow(number=line.number, fault=line.fault)
    try:
        return ImportRow(number=line.number, link=read(line))
    except InvalidJson as error:
        return ImportRow(number=line.number, fault=f"It is not JSON: {error.detail.replace(' line 1,', '')}")
    except VarbridgeError as error:
        return ImportRow(number=line.number, fault=error.detail)


def _json_reader(limits: RequestLimits) -> ReadRow:
    return lambda line: body.decode(_decoder, line.text.encode(), limits, HINTS)


def _csv_reader(columns: list[str]) -> ReadRow:
    def read(line: Line) -> LinkBody:
        if not line.ended:  # what was cut off would be taken for an id
            raise InvalidRequest("The last line has no line break: the file may be cut off here.")
        fields = _fields(line.text)
        if len(fields) != len(columns):
            raise InvalidRequest(f"It has {len(fields)} fields; the header has {len(columns)}.")
        members = {name: field for name, field in zip(columns, fields, strict=True) if field}
        for name in _NEEDED:
            if name not in members:
                raise InvalidRequest(f"The {name} is empty.")
        return msgspec.convert(members, LinkBody)

    return read


def _header(line: Line) -> list[str]:
    if line.fault is not None:
        raise InvalidRequest(f"Line {line.number}: {line.fault}")
    columns = [name.strip() for name in _fields(line.text)]
    if len(columns) == 1 and any(mark in line.text for mark in ";\t|"):
        raise InvalidRequest("The columns are separated by commas.")
    for name in columns:
        if name not in COLUMNS:
            more = suggestion(name, COLUMNS, _SYNONYMS)
            detail = f"Unknown column {name[:40]!r} in the first line. Known: {', '.join(COLUMNS)}."
            raise InvalidRequest(detail + more)
    if len(set(columns)) < len(columns):
        raise InvalidRequest("A column is named twice in the first line.")
    if missing := [name for name in _NEEDED if name not in columns]:
        raise InvalidRequest(f"The first line names no column {' and no column '.join(missing)}.")
    return columns


def _fields(text: str) -> list[str]:
    try:
        found: list[Any] = next(csv.reader([text], strict=True))
    except csv.Error as error:
        detail = "A quoted field does not end on its line, or has a quote inside it that is not doubled."
        raise InvalidRequest(detail) from error
    return found

"""Bytes and files, streamed: ``GET`` and multipart ``POST`` of ``…/variables/{name}/data``."""

from __future__ import annotations

import re
from collections.abc import Generator
from urllib.parse import unquote

from adapters.camunda7 import faults, wire
from adapters.camunda7.values import check_name
from gateway.errors import Unsupported, ValueInvalid, ValueNotRepresentable
from gateway.model.commands import ReadBinary, WriteBinary
from gateway.model.results import BinaryRead, VariablesPatched
from gateway.plan import Multipart, Part, Plan, VendorRequest, VendorResponse, fits_path

_OK, _NO_CONTENT, _BAD, _NOT_FOUND = 200, 204, 400, 404
# attachment; filename="f"; filename*=UTF-8''f  -- only the second form is escaped
_FILENAME = re.compile(r"filename\*=UTF-8''([^;]+)")
_UNSENDABLE = re.compile(r'["\x00-\x1f\x7f]|\A\s|\s\Z')
"""Multipart escapes a quote and line breaks, the engine does not read escapes; and it trims (seen live)."""


def read(engine: str, command: ReadBinary) -> Plan[BinaryRead]:
    """Give the content as a stream.

    Raises:
        VariableNotFound, InstanceNotFound: as it says.
        ValueInvalid: the variable is neither bytes nor a file.
    """
    path: tuple[str, ...] = ("process-instance", command.instance, "variables", command.name, "data")
    if not fits_path(command.name):
        path = ("variable-instance", (yield from _id_of(engine, command)), "data")
    answer = yield VendorRequest(
        method="GET",
        path=path,
        writes=False,
        idempotent=True,
        streams_answer=True,
    )
    match answer.status:
        case 200:
            return _content(answer)
        case 404:
            raise faults.missing_variable(engine)
        case 400:
            raise ValueInvalid("The variable is neither bytes nor a file.", engine=engine, engine_status=_BAD)
        case _:
            return (yield from faults.failed(engine, answer, command.instance, writes=False))


def _id_of(engine: str, command: ReadBinary) -> Generator[VendorRequest, VendorResponse, str]:
    """Give a variable's own id, for a name that no path can carry."""
    body = {"variableScopeIdIn": [command.instance], "variableName": command.name}
    answer = yield wire.asking("variable-instance", body=body, query=(("deserializeValues", "false"),))
    if answer.status != _OK:
        raise faults.translated(engine, answer, writes=False)
    rows = wire.decoded(wire.rows_decoder, answer, engine)
    if not rows:
        yield from faults.confirm(engine, command.instance)
    if not rows or rows[0].id is None:
        raise faults.missing_variable(engine)
    return rows[0].id


def _content(answer: VendorResponse) -> BinaryRead:
    found = _FILENAME.search(answer.header("content-disposition"))
    length = answer.header("content-length")
    return BinaryRead(
        content=answer.body,
        filename=unquote(found.group(1)) if found else None,
        media_type=answer.header("content-type") or None,
        size=int(length) if length.isdigit() else None,
    )


def write(engine: str, command: WriteBinary) -> Plan[VariablesPatched]:
    """Take the content from a stream; ``valueType`` is the part's name in the code, whatever the manual says.

    Raises:
        InstanceNotFound, EngineError: as it says.
        ValueNotRepresentable: a file name that does not get through a multipart header.
    """
    _check_path(engine, command.name)
    check_name(command.name)
    if _UNSENDABLE.search(command.filename or ""):
        raise ValueNotRepresentable(
            "A file name with a quote, a control character or blanks around it cannot be streamed to this engine.",
            engine=engine,
        )
    kind = command.kind or (b"Bytes" if command.filename is None else b"File")
    media_type = command.media_type or "application/octet-stream"
    if command.encoding is not None:
        media_type += f"; encoding={command.encoding}"
    parts = (
        Part(
            "data",
            command.content,
            filename="data" if command.filename is None else command.filename,
            content_type=media_type,
        ),
        Part("valueType", kind, content_type="text/plain"),
    )
    answer = yield VendorRequest(
        method="POST",
        path=("process-instance", command.instance, "variables", command.name, "data"),
        body=Multipart(parts),
        writes=True,
        idempotent=True,
    )
    if answer.status != _NO_CONTENT:
        yield from faults.failed(engine, answer, command.instance, writes=True)
    return VariablesPatched()


def _check_path(engine: str, name: str) -> None:
    if not fits_path(name):
        raise Unsupported("The engine streams no variable of such a name; its path cannot carry it.", engine=engine)

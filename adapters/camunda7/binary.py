"""Bytes and files, streamed: ``GET`` and multipart ``POST`` of ``…/variables/{name}/data``."""

from __future__ import annotations

import re
from collections.abc import Generator
from urllib.parse import unquote

from adapters.camunda7 import faults, patch, scopes
from adapters.camunda7.scopes import Wanted
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_name
from gateway.errors import Unsupported, ValueInvalid, ValueNotRepresentable
from gateway.model.commands import ReadBinary, WriteBinary
from gateway.model.results import BinaryRead, VariablesPatched
from gateway.model.scope import INSTANCE, parse_scope
from gateway.plan import Multipart, Part, Plan, VendorRequest, VendorResponse, fits_path

_NO_CONTENT, _BAD = 204, 400
# attachment; filename="f"; filename*=UTF-8''f  -- only the second form is escaped
_FILENAME = re.compile(r"filename\*=UTF-8''([^;]+)")
_UNSENDABLE = re.compile(r'["\x00-\x1f\x7f]|\A\s|\s\Z')
"""Multipart escapes a quote and line breaks, the engine does not read escapes; and it trims (seen live)."""


def read_binary(engine: str, settings: Settings, command: ReadBinary) -> Plan[BinaryRead]:
    """Read the content of a blob as a stream.

    Raises:
        VariableNotFound, InstanceNotFound, ScopeNotFound: as it says.
        ValueInvalid: the variable is neither bytes nor a file.
    """
    path: tuple[str, ...] = ("process-instance", command.instance, "variables", command.name, "data")
    if command.scope != INSTANCE or command.ended or not fits_path(command.name):
        path = yield from _own_path(engine, settings, command)
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
            raise (yield from faults.find_meant(engine, settings, command.instance, command.name))
        case 400:
            raise ValueInvalid("The variable is neither bytes nor a file.", engine=engine, engine_status=_BAD)
        case _:
            return (yield from faults.failed(engine, answer, command.instance, writes=False))


def _own_path(
    engine: str, settings: Settings, command: ReadBinary
) -> Generator[VendorRequest, VendorResponse, tuple[str, ...]]:
    """Find the path by the variable's own id, for inner scopes, ended instances, and names that no path can carry."""
    where = parse_scope(command.scope)
    wanted = Wanted(instance=command.instance, place=where, name=command.name, ended=command.ended)
    found = yield from scopes.find_rows(engine, settings, wanted)
    own = next((row.id for row in found.rows if row.name == command.name), None)
    if own is None:
        raise (yield from scopes.find_meant(engine, settings, wanted, found))
    return (*found.source, own, "data")


def _content(answer: VendorResponse) -> BinaryRead:
    found = _FILENAME.search(answer.header("content-disposition"))
    length = answer.header("content-length")
    return BinaryRead(
        content=answer.body,
        filename=unquote(found.group(1)) if found else None,
        media_type=answer.header("content-type") or None,
        size=int(length) if length.isdigit() else None,
    )


def write_binary(engine: str, settings: Settings, command: WriteBinary) -> Plan[VariablesPatched]:
    """Write the content of a blob from a stream; the engine reads ``valueType``, not the manual's ``variableType``.

    Raises:
        InstanceNotFound, ScopeNotFound, EngineError: as it says. PreconditionFailed: before anything is written.
        ValueNotRepresentable: a file name that does not get through a multipart header.
    """
    _check_path(engine, command.name)
    check_name(command.name)
    if _UNSENDABLE.search(command.filename or ""):
        raise ValueNotRepresentable(
            "A file name with a quote, a control character or blanks around it cannot be streamed to this engine.",
            engine=engine,
        )
    where = parse_scope(command.scope)
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
    entry = yield from scopes.enter(engine, where, command.instance)
    if command.expect is not None:
        held = command.root or command.instance
        sight = yield from scopes.read_sight(engine, settings, entry, command.expect.names, held, sure=True)
        if sight.root != held:
            return VariablesPatched(elsewhere=sight.root)
        yield from patch.check_expected(engine, settings, command.expect, sight, command.instance)
    answer = yield VendorRequest(
        method="POST",
        path=(*entry.path, command.name, "data"),
        body=Multipart(parts),
        writes=True,
        idempotent=True,
    )
    if answer.status != _NO_CONTENT:
        yield from scopes.raise_failure(engine, answer, where, command.instance)
    return VariablesPatched()


def _check_path(engine: str, name: str) -> None:
    if not fits_path(name):
        raise Unsupported("The engine streams no variable of such a name; its path cannot carry it.", engine=engine)

"""Bytes and files from engine to engine: streamed where both take streams, and hashed on the way.

Nothing here holds content in memory but what an engine without streams must be sent, within a bound. What must not live
here: which blobs are copied (``copying``).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from gateway.errors import EngineMisbehaved, PayloadTooLarge
from gateway.model.commands import GetVariable, ReadBinary, WriteBinary
from gateway.model.results import Variable
from gateway.model.values import Value, json_text
from gateway.operations import binaries, variables
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call, Stream, fits_path

_CONTENT = "content"
_UNSTREAMABLE = frozenset('"\r\n')


class Digest(msgspec.Struct, frozen=True):
    """What a blob's content is, without the content."""

    sha256: bytes
    size: int


class Hashed:
    """A stream that is hashed while it flows; ``digest`` is known once it has flowed to its end."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content, self._running, self._size = content, hashlib.sha256(), 0
        self.digest: Digest | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the content as it comes."""
        async for piece in self._content:
            self._running.update(piece)
            self._size += len(piece)
            yield piece
        self.digest = Digest(self._running.digest(), self._size)


async def digest_blob(gateway: Gateway, side: Target, name: str, call: Call) -> Digest:
    """Read a blob to its end; return its digest.

    Raises:
        ValueInvalid: it is no blob. VariableNotFound: it is gone.
    """
    own = _own(call)
    try:
        content = Hashed(await _open(gateway, side, name, own))
        async for _ in content:
            pass
    finally:
        _add(own, call)
    return _ended(content, side)


async def stream_blob(gateway: Gateway, owner: Target, twin: Target, variable: Variable, call: Call) -> Digest:
    """Copy a blob in one flow, inside ``write_under``; return the digest of what was sent.

    Raises:
        EngineMisbehaved: the engine took the write for done before it had all of the content.
    """
    own, value = _own(call), variable.value
    try:
        content = Hashed(await _open(gateway, owner, variable.name, own))
        own.streams = {**own.streams, _CONTENT: content}
        is_file = value.type == "file"
        command = WriteBinary(
            instance=twin.native,
            name=variable.name,
            content=Stream(_CONTENT),
            kind=b"File" if is_file else b"Bytes",
            filename=value.filename if is_file else None,
            media_type=value.media_type if is_file else None,
            encoding=value.encoding if is_file else None,
        )
        _ = await binaries.stream_to_twin(gateway, twin, command, own)
    finally:
        _add(own, call)
    return _ended(content, twin)


async def hold_blob(gateway: Gateway, owner: Target, variable: Variable, call: Call, most: int) -> tuple[Value, Digest]:
    """Return a blob with its content, for an engine or a name that takes no stream.

    Raises:
        PayloadTooLarge: it is longer than may be held.
    """
    own = _own(call)
    collected = bytearray()
    try:
        content = Hashed(await _open(gateway, owner, variable.name, own))
        async for piece in content:
            collected += piece
            if len(collected) > most:
                raise PayloadTooLarge(f"Content that cannot be streamed has at most {most} bytes.")
    finally:
        _add(own, call)
    digest = _ended(content, owner)
    text = json_text(base64.b64encode(collected).decode("ascii"))
    return msgspec.structs.replace(variable.value, value=text), digest


async def read_null(gateway: Gateway, owner: Target, name: str, call: Call) -> bool:
    """Return whether a blob without content is null; no stream tells."""
    command = GetVariable(instance=owner.native, name=name)
    return (await variables.get_variable(gateway, owner, command, call)).value.is_null()


def can_stream_to(twin: Target, variable: Variable) -> bool:
    """Return whether a blob of this name and file name can be streamed to an engine."""
    filename = variable.value.filename or ""
    carried = not _UNSTREAMABLE.intersection(filename) and filename == filename.strip()
    return binaries.can_stream(twin, "binary.write") and fits_path(variable.name) and carried


async def _open(gateway: Gateway, side: Target, name: str, call: Call) -> AsyncIterable[bytes]:
    command = ReadBinary(instance=side.native, name=name)
    content = (await binaries.read_binary(gateway, side, command, call)).content
    return _whole(content) if isinstance(content, bytes) else call.streams[content.token]


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _own(call: Call) -> Call:
    """Return a call for one blob, whose streams are forgotten with it."""
    return msgspec.structs.replace(call, streams={}, engine_calls=0, engine_s=0.0)


def _add(own: Call, call: Call) -> None:
    call.engine_calls += own.engine_calls
    call.engine_s += own.engine_s


def _ended(content: Hashed, engine: Target) -> Digest:
    if content.digest is None:
        raise EngineMisbehaved("The engine answered before it had all of the content.", engine=engine.engine.name)
    return content.digest

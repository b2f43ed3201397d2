"""Operations on the content of bytes and file variables, as streams where the engine has them.

For an engine that has none the content is read and written as a value, within the limit of what may be held.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable

import msgspec

from gateway.errors import ValueInvalid
from gateway.model import commands
from gateway.model.results import BinaryRead, VariablesPatched
from gateway.model.values import Value, json_text, text_of
from gateway.model.verdict import check_held
from gateway.operations import variables
from gateway.operations.gateway import Gateway, Target
from gateway.operations.write import under_lock, write_instance
from gateway.plan import Call, Stream

_MAX_KIND_BYTES = 64
"""Of the word that says what content is; the longest that is known has five."""


async def read_binary(gateway: Gateway, target: Target, command: commands.ReadBinary, call: Call) -> BinaryRead:
    """Open the content of a variable; its stream, if it is one, is in ``call.streams``.

    Raises:
        ValueInvalid: the variable is neither bytes nor a file.
    """
    if can_stream(target, "binary.read"):
        return await gateway.run(target.engine.name, target.engine.read_binary(command), call)
    whole = commands.GetVariable(instance=command.instance, name=command.name, scope=command.scope, ended=command.ended)
    return _content_of((await variables.get_variable(gateway, target, whole, call)).value)


async def write_binary(gateway: Gateway, target: Target, command: commands.WriteBinary, call: Call) -> VariablesPatched:
    """Write the content of a variable.

    Raises:
        PayloadTooLarge: the engine takes no stream, and the content is longer than what may be held.
    """
    if not can_stream(target, "binary.write"):
        patch = await _as_value(command, call)
        return await variables.patch_variables(gateway, target, patch, call)

    def work(placed: Target) -> Awaitable[VariablesPatched]:
        plan = placed.engine.write_binary(under_lock(command, placed))
        return gateway.run(placed.engine.name, plan, call)

    once = msgspec.structs.replace(target, pinned=True)  # a stream for one engine is nothing that another could take
    return await write_instance(gateway, once, call, work)


def stream_to_twin(
    gateway: Gateway, twin: Target, command: commands.WriteBinary, call: Call
) -> Awaitable[VariablesPatched]:
    """Stream content to the side of a link that does not decide, inside ``write_under``; the engine takes streams."""
    return gateway.run(twin.engine.name, twin.engine.write_binary(command), call)


def _content_of(value: Value) -> BinaryRead:
    """Return the content of a value that was read in full.

    Raises:
        ValueInvalid: it is neither bytes nor a file.
    """
    if value.type not in {"bytes", "file"}:
        raise ValueInvalid("The variable is neither bytes nor a file.")
    content = base64.b64decode(text_of(value.text))
    kind = value.media_type
    if kind is not None and value.encoding is not None:
        kind += f"; charset={value.encoding}"
    return BinaryRead(content=content, filename=value.filename, media_type=kind, size=len(content))


def can_stream(target: Target, feature: str) -> bool:
    """Return whether the engine streams content (``binary.read``, ``binary.write``)."""
    return feature in target.engine.capabilities.features


async def _as_value(command: commands.WriteBinary, call: Call) -> commands.PatchVariables:
    """Return the patch that sets content which has been read to its end, and whose kind is known only then."""
    content = await _collect(command.content, call, command.max_held_bytes)
    word = b"Bytes" if command.filename is None else b"File"
    if command.kind is not None:
        word = await _collect(command.kind, call, _MAX_KIND_BYTES)
    is_file = word == b"File"
    value = Value(
        type="file" if is_file else "bytes",
        value=json_text(base64.b64encode(content).decode("ascii")),
        filename=command.filename if is_file else None,
        media_type=command.media_type if is_file else None,
        encoding=command.encoding if is_file else None,
    )
    return commands.PatchVariables(
        instance=command.instance,
        scope=command.scope,
        modifications={command.name: value},
        pointers={command.name: ""},
        expect=command.expect,
    )


async def _collect(content: bytes | Stream, call: Call, most: int) -> bytes:
    """Return all of a stream.

    Raises:
        PayloadTooLarge: it is longer than that.
    """
    if not isinstance(content, Stream):
        return content
    collected = bytearray()
    async for piece in call.streams[content.token]:
        collected += piece
        check_held(len(collected), most)
    return bytes(collected)

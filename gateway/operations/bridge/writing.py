"""What a copy writes to the side that does not decide: blobs that stream one by one, everything else in one patch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gateway.errors import (
    InstanceStateConflict,
    PayloadTooLarge,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    ValueTooLong,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model.commands import MAX_HELD_BYTES, PatchVariables
from gateway.model.results import Variable
from gateway.model.values import NULL, Value
from gateway.operations import variables
from gateway.operations.bridge import blobs
from gateway.operations.bridge.blobs import Digest
from gateway.operations.bridge.sides import Sides
from gateway.operations.gateway import Gateway
from gateway.plan import Call

_OF_THE_VALUE = (PayloadTooLarge, Unsupported, ValueInvalid, ValueNotRepresentable, ValueTooLong)
"""Errors that repeat for the same value, whatever the engine's health."""


class Refused(Exception):
    """The engine refused names, and nothing of the patch was applied.

    Args:
        names: which, each with the engine's error.
    """

    def __init__(self, names: Mapping[str, VarbridgeError]) -> None:
        super().__init__()
        self.names = names


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made of the other side: values as the deciding side has them, and names that it does not have."""

    values: Mapping[str, Value]
    blobs: tuple[Variable, ...] = ()
    deletions: tuple[str, ...] = ()


class Writer:
    """Writes to the side of a link that does not decide, inside ``write_under``.

    Args:
        gateway: whose engines they are.
        sides: of the link.
        call: its leases are those of the lock.
        max_held_bytes: most of the content of one patch for an engine that takes no streams.
    """

    def __init__(self, gateway: Gateway, sides: Sides, call: Call, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._gateway, self._sides, self._call, self._most = gateway, sides, call, max_held_bytes
        self.digests: dict[str, bytes] = {}
        """SHA-256 of the blobs that were sent, as they were then."""
        self.size = 0
        """Bytes of all blobs that were sent."""

    async def write(self, changes: Changes) -> None:
        """Write all changes: first what goes into a patch, then the blobs that stream.

        Raises:
            Refused: the engine does not take some of the names; others may not have been written yet.
            VarbridgeError: the write failed otherwise.
        """
        streamed = [each for each in changes.blobs if blobs.can_stream_to(self._sides.twin, each)]
        held = [each for each in changes.blobs if each not in streamed]
        values, size = dict(changes.values), 0
        for each in held:
            try:
                value, digest = await self._hold(each)
            except VariableNotFound:  # deleted since it was listed; the next pass sees it
                continue
            if size and size + digest.size > self._most:
                await self._patch(values, ())
                values, size = {}, 0
            values[each.name] = value
            size += digest.size
        await self._patch(values, changes.deletions)
        for each in streamed:
            await self._stream(each)

    async def _hold(self, variable: Variable) -> tuple[Value, Digest]:
        try:
            value, digest = await blobs.hold_blob(self._gateway, self._sides.owner, variable, self._call, self._most)
        except VariableNotFound:
            raise
        except VarbridgeError as error:
            raise _refused_one(variable.name, error) from error
        if not digest.size and await blobs.read_null(self._gateway, self._sides.owner, variable.name, self._call):
            value = msgspec.structs.replace(value, value=NULL)
        self._note(variable.name, digest)
        return value, digest

    async def _stream(self, variable: Variable) -> None:
        gateway, sides = self._gateway, self._sides
        try:
            sent = await blobs.stream_blob(gateway, sides.owner, sides.twin, variable, self._call)
        except VariableNotFound:
            return  # as above
        except VarbridgeError as error:
            raise _refused_one(variable.name, error) from error
        if not sent.size and await blobs.read_null(gateway, sides.owner, variable.name, self._call):
            await self._patch({variable.name: msgspec.structs.replace(variable.value, value=NULL)}, ())
        self._note(variable.name, sent)

    def _note(self, name: str, digest: Digest) -> None:
        self.digests[name] = digest.sha256
        self.size += digest.size

    async def _patch(self, values: Mapping[str, Value], deletions: Iterable[str]) -> None:
        twin = self._sides.twin
        command = PatchVariables(instance=twin.native, modifications=dict(values), deletions=tuple(deletions))
        if not (command.modifications or command.deletions):
            return
        try:
            done = await variables.patch_twin(self._gateway, twin, command, self._call)
        except VarbridgeError as error:
            raise _refused(command, error) from error
        if done.elsewhere is not None:
            raise InstanceStateConflict(f"{twin.native} lies inside another instance, {done.elsewhere}.")


def _refused(command: PatchVariables, error: VarbridgeError) -> Exception:
    """Return which names a patch was refused for; the error itself where it does not say, or is no refusal."""
    pointers = {command.pointer(name): name for name in command.modifications}
    pointers |= {command.deletion_pointer(index): name for index, name in enumerate(command.deletions)}
    names = {pointers[fault.pointer]: error for fault in error.errors if fault.pointer in pointers}
    return Refused(names) if names and not error.retryable else error


def _refused_one(name: str, error: VarbridgeError) -> Exception:
    """Return that a blob was refused, where its own properties are the reason, and not the engine or the road."""
    return Refused({name: error}) if isinstance(error, _OF_THE_VALUE) else error

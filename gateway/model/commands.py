"""Commands: what a caller wants, said once, in no vendor's words. Instance ids here are native to the engine asked."""

from __future__ import annotations

import msgspec

from gateway.model.values import Value
from gateway.plan import Stream


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Any command."""


class DescribeEngine(Command, frozen=True, kw_only=True):
    """Ask an engine what it is: version and health in one cheap read."""


class DescribeInstance(Command, frozen=True, kw_only=True):
    """Ask for one instance: definition, business key, state."""

    instance: str


class FindInstances(Command, frozen=True, kw_only=True):
    """Find instances by business key, definition (key, name or id) or both; at most ``limit`` from ``offset``."""

    business_key: str | None = None
    definition: str | None = None
    limit: int = 100
    offset: int = 0


class ListActivities(Command, frozen=True, kw_only=True):
    """Ask where the tokens of an instance are."""

    instance: str


class ListVariables(Command, frozen=True, kw_only=True):
    """List variables of an instance, typed.

    Args:
        names: only these; None = all. Names that do not exist are left out.
        scope: ``instance`` (its own), ``all``, ``execution:ID`` or ``task:ID``.
    """

    instance: str
    names: tuple[str, ...] | None = None
    scope: str = "instance"


class GetVariable(Command, frozen=True, kw_only=True):
    """Read one variable; blobs are inlined as base64."""

    instance: str
    name: str
    scope: str = "instance"


class PatchVariables(Command, frozen=True, kw_only=True):
    """Set and delete variables of one instance; updates precede deletions.

    Args:
        modifications: name to value; a value without ``type`` keeps the stored type where it fits (keep_type), else
            it is inferred. Values have not been through ``values.checked``: the adapter does that with the stored type.
        deletions: names; one that is absent is no error where the engine can create names.
        merges: name to JSON object text, merged into the stored value as RFC 7396 says.
        pointers: name to JSON Pointer in the caller's body, for errors; default ``/modifications/{name}``.
    """

    instance: str
    modifications: dict[str, Value] = {}
    deletions: tuple[str, ...] = ()
    merges: dict[str, msgspec.Raw] = {}
    pointers: dict[str, str] = {}

    def pointer(self, name: str) -> str:
        """Give where in the caller's body a name's value stands."""
        return self.pointers.get(name) or "/modifications/" + name.replace("~", "~0").replace("/", "~1")


class ReadBinary(Command, frozen=True, kw_only=True):
    """Read the content of a bytes or file variable as a stream."""

    instance: str
    name: str


class WriteBinary(Command, frozen=True, kw_only=True):
    """Write the content of a bytes or file variable from a stream.

    Args:
        kind: ``Bytes`` or ``File``; a stream of that word where it is known only after the content. None = a filename
            makes it a file.
    """

    instance: str
    name: str
    content: bytes | Stream
    kind: bytes | Stream | None = None
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None

"""Commands: what a caller wants, in no vendor's words. Ids of instances are native to the engine that is asked."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.condition import Condition
from gateway.model.expect import Expect
from gateway.model.jsonpatch import Bounds, PatchOperation
from gateway.model.values import Value
from gateway.plan import Stream

MAX_HELD_BYTES = 10 * 1024 * 1024
"""Of a blob's content that is held in memory for an engine that takes no stream, unless the limits say otherwise."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Any command."""


class DescribeEngine(Command, frozen=True, kw_only=True):
    """Read what an engine is: version and health in one cheap read."""


class DescribeInstance(Command, frozen=True, kw_only=True):
    """Read one instance: definition, business key, state.

    Args:
        ended: an instance that has ended counts too.
    """

    instance: str
    ended: bool = False


class FindInstances(Command, frozen=True, kw_only=True):
    """Find instances that fulfil all that is asked for; at most ``limit`` from ``offset``.

    Args:
        business_key: exactly this one.
        definition: key, name or id of what they are instances of.
        ids: only these; None = any. Each engine is given its own.
        variables: conditions; for each, a variable of the instance fulfils it.
        names_ignore_case: whether a condition holds for its name in any case.
        values_ignore_case: whether texts are compared in any case.
        state: ``suspended``, or ``active``: neither suspended nor ended; None = any.
        ended: whether those that have ended count too.
    """

    business_key: str | None = None
    definition: str | None = None
    ids: tuple[str, ...] | None = None
    variables: tuple[Condition, ...] = ()
    names_ignore_case: bool = False
    values_ignore_case: bool = False
    state: Literal["active", "suspended"] | None = None
    ended: bool = False
    limit: int = 100
    offset: int = 0

    def used(self) -> tuple[str, ...]:
        """Return what is asked for; each is a capability ``instances.find.<name>``."""
        asked = (
            ("business_key", self.business_key),
            ("definition", self.definition),
            ("ids", self.ids),
            ("variables", self.variables or None),
            ("state", self.state),
        )
        return tuple(name for name, wanted in asked if wanted is not None)


class SearchInstances(Command, frozen=True, kw_only=True):
    """Find the instances that one or more of some searches find, by number, and read some of their variables.

    Args:
        alternatives: the searches; their own ``offset`` and ``limit`` do not count.
        names: variables that are read; none = none are.
        counted: how many instances are counted at least, where there are as many.
        limit: of the instances that are returned.
        offset: instances before the first.
    """

    alternatives: tuple[FindInstances, ...]
    names: tuple[str, ...] = ()
    counted: int = 0
    limit: int = 100
    offset: int = 0


class ListDefinitions(Command, frozen=True, kw_only=True):
    """List what instances can be started of: of each definition the version that starts by its key.

    Args:
        limit: more definitions are refused, because part of a list would be taken for all of it.
    """

    limit: int = 1000


class ReadEach(Command, frozen=True, kw_only=True):
    """Read each of several instances, on whichever engines they are; those that do not exist are left out.

    Args:
        instances: ids as the caller wrote them.
        reads: what is read of each instance, whatever instance these commands name.
    """

    instances: tuple[str, ...]
    reads: tuple[Command, ...]


class ListActivities(Command, frozen=True, kw_only=True):
    """List where the tokens of an instance are.

    Args:
        ended: an instance that has ended counts too; it has none.
    """

    instance: str
    ended: bool = False


class ListVariables(Command, frozen=True, kw_only=True):
    """List variables of an instance, typed.

    Args:
        names: only these; None = all. Names that do not exist are left out.
        scope: ``instance`` (its own), ``all``, ``execution:ID`` or ``task:ID``.
        metadata: with what the engine keeps inside values beside them, where it does.
        ended: the last values of an instance that has ended count too.
        seen: what is seen from the scope, up to the instance, instead of its own: from a task; or from an execution
            whose id stands for the instance, where that is what a write there changes.
    """

    instance: str
    names: tuple[str, ...] | None = None
    scope: str = "instance"
    metadata: bool = False
    ended: bool = False
    seen: bool = False


class GetVariable(Command, frozen=True, kw_only=True):
    """Read one variable; blobs are inlined as base64.

    Args:
        scope: any but ``all``.
        metadata, ended, seen: as in ``ListVariables``; by the id of an execution it is always what is seen from there.
    """

    instance: str
    name: str
    scope: str = "instance"
    metadata: bool = False
    ended: bool = False
    seen: bool = False


class InstanceWrite(Command, frozen=True, kw_only=True):
    """Change one instance.

    Args:
        root: the instance whose write lock is held, where ``instance`` is the id of an execution inside it.
    """

    instance: str
    root: str | None = None


class PatchVariables(InstanceWrite, frozen=True, kw_only=True):
    """Set and delete variables of one instance; updates precede deletions.

    Args:
        modifications: name to value; a value without ``type`` keeps the stored type where it fits (keep_type), else
            it is inferred. The values are not checked yet: the adapter does that, with the stored type.
        deletions: names; one that is absent is no error where the engine can create names.
        merges: name to JSON object text, merged into the stored value as RFC 7396 says.
        patches: name to JSON patch, applied to the stored value as RFC 6902 says; the name must be there.
        pointers: name to JSON Pointer in the caller's body, for errors; default: the name below ``at``.
        at: pointer of the modifications.
        scope: ``instance``, ``execution:ID`` or ``task:ID``.
        expect: what must be so for anything to be written.
        bounds: how large a merged or patched value may become.
        verify: whether what was written is read back and compared.
    """

    scope: str = "instance"
    modifications: dict[str, Value] = {}
    deletions: tuple[str, ...] = ()
    merges: dict[str, msgspec.Raw] = {}
    patches: dict[str, tuple[PatchOperation, ...]] = {}
    pointers: dict[str, str] = {}
    at: str = "/modifications"
    expect: Expect | None = None
    bounds: Bounds = Bounds()
    verify: bool = False

    @property
    def partial(self) -> tuple[str, ...]:
        """Return the names whose stored value must be read, because it is changed in parts."""
        return (*self.merges, *self.patches)

    @property
    def written(self) -> tuple[str, ...]:
        """Return the names that are set, whole or in parts."""
        return (*self.modifications, *self.partial)

    def pointer(self, name: str) -> str:
        """Return the JSON Pointer of a name's value in the caller's body."""
        known = self.pointers.get(name)
        return known if known is not None else f"{self.at}/" + name.replace("~", "~0").replace("/", "~1")

    def deletion_pointer(self, index: int) -> str:
        """Return the JSON Pointer of a deletion in the caller's body; deletions stand beside modifications."""
        known = self.pointers.get(self.deletions[index])
        return known if known is not None else f"{self.at.removesuffix('/modifications')}/deletions/{index}"


class ReadBinary(Command, frozen=True, kw_only=True):
    """Read the content of a bytes or file variable as a stream. ``scope`` and ``ended`` as in ``GetVariable``."""

    instance: str
    name: str
    scope: str = "instance"
    ended: bool = False


class WriteBinary(InstanceWrite, frozen=True, kw_only=True):
    """Write the content of a bytes or file variable from a stream.

    Args:
        kind: ``Bytes`` or ``File``; a stream of that word where it is known only after the content. None = a filename
            makes it a file.
        scope: ``instance``, ``execution:ID`` or ``task:ID``.
        expect: what must be so for anything to be written.
        max_held_bytes: most of the content that is held in memory, where the engine takes no stream; 10 MiB.
    """

    scope: str = "instance"
    name: str
    content: bytes | Stream
    kind: bytes | Stream | None = None
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None
    expect: Expect | None = None
    max_held_bytes: int = MAX_HELD_BYTES

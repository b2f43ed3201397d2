"""Results: what a plan returns, in no vendor's words."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.model.bridge import LinkState, SideName
from gateway.model.values import Value
from gateway.plan import Stream


class Rule(msgspec.Struct, frozen=True):
    """A named, allowed, lossy step that was taken: which, and for which variable."""

    id: str
    name: str


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where a variable lives when that is not the instance: ``execution`` or ``task``."""

    kind: str
    id: str
    activity: str | None = None


class Variable(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # in no cycle, and read by the thousand
    """One variable as read. ``value.value`` is empty (``values.ABSENT``) for a blob in a listing.

    Args:
        error: what the engine said when it could not read the value; the rest of a list is not affected.
        size: bytes of a blob that is not inlined, where the engine tells.
    """

    name: str
    value: Value
    scope: Scope | None = None
    error: str | None = None
    size: int | None = None


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance. ``id`` is native.

    Args:
        state: ``active | suspended | completed | terminated | failed | unknown``.
    """

    id: str
    definition: str | None = None
    definition_id: str | None = None
    business_key: str | None = None
    state: str = "unknown"
    tenant: str | None = None


class InstanceLink(msgspec.Struct, frozen=True, kw_only=True):
    """The link that an instance is in: its state, which side decides, and the canonical id of the other one."""

    id: str
    state: LinkState
    authority: SideName
    twin: str


class EngineDescribed(msgspec.Struct, frozen=True, kw_only=True):
    """The engine answered; ``version`` is its own number, None where it does not tell."""

    version: str | None = None


class InstanceDescribed(msgspec.Struct, frozen=True):
    """One instance was read."""

    instance: Instance


class InstancesFound(msgspec.Struct, frozen=True):
    """Instances that match, in the engine's order."""

    instances: tuple[Instance, ...]


class FoundInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance that was found, with those of its variables that were asked for."""

    instance: Instance
    variables: tuple[Variable, ...] = ()


class InstancesSearched(msgspec.Struct, frozen=True, kw_only=True):
    """Instances that a search has found, in the order of their ids, engine by engine.

    Args:
        found: those from the offset on, up to the limit.
        total: how many there are, as far as they were counted.
    """

    found: tuple[FoundInstance, ...]
    total: int


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One definition of which instances can be started.

    Args:
        id: the engine's own id, of one version where the engine has several.
        key: key or name; instances have it as their ``definition``.
        name: for people, where that is not the key.
        version: in the engine's own words.
        tenant: whose definition; several tenants may have one key.
    """

    id: str
    key: str
    name: str | None = None
    version: str | None = None
    tenant: str | None = None


class DefinitionsListed(msgspec.Struct, frozen=True):
    """The definitions of which instances can be started, by key."""

    definitions: tuple[Definition, ...]


class InstanceRead(msgspec.Struct, frozen=True, kw_only=True):
    """One of several instances was read.

    Args:
        id: as the caller wrote it.
        results: of the reads, in order.
    """

    id: str
    results: tuple[msgspec.Struct, ...]


class EachRead(msgspec.Struct, frozen=True):
    """Of several instances, those that exist were read, in the order in which they were named."""

    instances: tuple[InstanceRead, ...]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a token is, or a scope around such places.

    Args:
        id: what a modification cancels by: activity instance, transition instance or token.
        activity: the element in the diagram, by which a modification starts.
        type: the vendor's word; ``transition`` for a token on its way between two elements.
        parent: id of the scope around it.
    """

    id: str
    activity: str
    name: str | None = None
    type: str | None = None
    parent: str | None = None


class ActivitiesListed(msgspec.Struct, frozen=True):
    """Where the tokens are; parents before their children.

    Args:
        whole: id of the activity that stands for the instance as a whole, where the engine has one.
        instance: the instance, as far as the same answers tell.
    """

    activities: tuple[Activity, ...]
    whole: str | None = None
    instance: Instance | None = None


class WriteResult(msgspec.Struct, frozen=True):
    """What every change of an instance says.

    Args:
        rules: the lossy steps that were allowed and taken.
        elsewhere: native id of the instance that the given id lies inside of. Nothing was changed: the write lock of
            that instance must be held for it.
    """

    rules: tuple[Rule, ...] = ()
    elsewhere: str | None = None


class InstanceModified(WriteResult, frozen=True):
    """All instructions are carried out."""


class StateChanged(WriteResult, frozen=True, kw_only=True):
    """The instance is in the state that was asked for; None only where nothing was changed (``elsewhere``)."""

    instance: Instance | None = None


class InstanceStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A new instance runs, or has run to its end already."""

    instance: Instance
    rules: tuple[Rule, ...] = ()


class TaskDescribed(msgspec.Struct, frozen=True, kw_only=True):
    """One task, as far as the engine tells; None = it does not.

    Args:
        instance: native id of the instance that it belongs to.
        state: ``open | completed | terminated``.
        name: as people see it.
        definition: the element of the diagram that it is of.
        assignee: the user whose it is.
        created, due, ended: moments in UTC.
    """

    instance: str | None = None
    state: str = "open"
    name: str | None = None
    definition: str | None = None
    assignee: str | None = None
    created: datetime | None = None
    due: datetime | None = None
    ended: datetime | None = None


class TaskCompleted(WriteResult, frozen=True):
    """The task is completed, and its variables are set."""


class Correlated(msgspec.Struct, frozen=True, kw_only=True):
    """Who got a message: an execution that waited for it, or an instance that it started. Ids are native.

    Args:
        execution: the one that waited, where the engine tells.
        ended: whether that execution has ended since.
        tenant: whose it is.
        begun: the instance that was started, as the engine tells of it.
    """

    instance: str
    started: bool = False
    execution: str | None = None
    ended: bool = False
    tenant: str | None = None
    begun: Instance | None = None


class MessageCorrelated(WriteResult, frozen=True, kw_only=True):
    """Everybody in ``receivers`` got the message."""

    receivers: tuple[Correlated, ...] = ()


class VariablesListed(msgspec.Struct, frozen=True):
    """Variables, by name; ``root`` is the instance that they are in, where that was seen."""

    variables: tuple[Variable, ...]
    root: str | None = None


class VariableRead(msgspec.Struct, frozen=True):
    """One variable was read."""

    variable: Variable


class VariablesPatched(WriteResult, frozen=True):
    """All modifications, merges and deletions are applied."""


class BinaryRead(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a blob, as a stream."""

    content: bytes | Stream
    filename: str | None = None
    media_type: str | None = None
    size: int | None = None

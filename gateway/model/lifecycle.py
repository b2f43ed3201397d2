"""Commands that start instances, move them on and end them: start, task, message (all with variables), and the state.

What must not live here: commands about what an instance holds (``commands``) and about its tokens (``modification``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.errors import Fault, InvalidRequest
from gateway.model import jsontext
from gateway.model.commands import Command, InstanceWrite
from gateway.model.values import Value

LONGEST = 255
"""Characters of a key or name that engines' columns hold."""


class StartInstance(Command, frozen=True, kw_only=True):
    """Start an instance.

    Args:
        definition: key or name, or the engine's own id of a definition.
        business_key: of the new instance.
        tenant: whose definition, where the engine has tenants.
        variables: typed, or to be inferred; nothing is stored yet, so no type is kept.
    """

    definition: str
    business_key: str | None = None
    tenant: str | None = None
    variables: dict[str, Value] = msgspec.field(default_factory=dict)


class DescribeTask(Command, frozen=True, kw_only=True):
    """Read one task: which instance it belongs to, and what it is. ``task`` is native.

    Args:
        ended: a task that is completed counts too.
    """

    task: str
    ended: bool = False


class CompleteTask(Command, frozen=True, kw_only=True):
    """Complete a task, with variables that go to its instance. ``task`` is native."""

    task: str
    variables: dict[str, Value] = msgspec.field(default_factory=dict)


class CorrelateMessage(Command, frozen=True, kw_only=True):
    """Send a message to whatever waits for it.

    Args:
        name: of the message.
        instance: native id of the instance that waits; None = whoever matches.
        business_key: of the instance that waits, or of the one that the message starts.
        tenant: whose instances, where the engine has tenants.
        correlation_keys: variables of the instance, by which it is told.
        local_correlation_keys: variables of the waiting execution, by which it is told.
        variables: set on the instance.
        local_variables: set on the execution that waited.
        everybody: whether all who match get it; otherwise more than one is an error.
    """

    name: str
    instance: str | None = None
    business_key: str | None = None
    tenant: str | None = None
    correlation_keys: dict[str, Value] = msgspec.field(default_factory=dict)
    local_correlation_keys: dict[str, Value] = msgspec.field(default_factory=dict)
    variables: dict[str, Value] = msgspec.field(default_factory=dict)
    local_variables: dict[str, Value] = msgspec.field(default_factory=dict)
    everybody: bool = False


class ChangeState(InstanceWrite, frozen=True, kw_only=True):
    """Suspend an instance, let a suspended one go on, or terminate it; one that is in that state already stays in it.

    Args:
        state: in which the instance is to be.
    """

    state: Literal["suspended", "active", "terminated"]


def check_texts(command: Command) -> None:
    """Refuse keys and names that are empty, or longer than engines hold; other commands have none.

    Raises:
        InvalidRequest: with the pointer of the member in the bodies of ``/v1``.
    """
    match command:
        case StartInstance():
            texts = {"definition": command.definition, "businessKey": command.business_key, "tenant": command.tenant}
        case CorrelateMessage():
            texts = {"name": command.name, "businessKey": command.business_key, "tenant": command.tenant}
        case _:
            return
    for member, text in texts.items():
        if text is not None and not 0 < len(text) <= LONGEST:
            detail = f"`{member}` has 1 to {LONGEST} characters."
            raise InvalidRequest(detail, errors=(Fault(f"/{member}", detail),))


def pointer(*members: str) -> str:
    """Return the JSON Pointer of a variable in the caller's body."""
    return "".join(f"/{jsontext.escape(member)}" for member in members)

"""One front-door request that is carried out as commands: where, for whom, and what of it the caller may see."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gateway.errors import InstanceNotFound, Unsupported
from gateway.model.results import TaskDescribed, Variable
from gateway.model.values import ABSENT
from gateway.operations.destinations import Rights
from gateway.operations.gateway import Gateway, Target
from gateway.operations.paging.linked import PLAIN, LinkScope
from gateway.plan import Call
from gateway.port import Engine

HIDDEN = "The value is hidden from the caller."


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the commands of one request are carried out.

    Args:
        vendor: whose dialect the front door speaks.
        door: the engine of the front door.
        engine: the owner of what is named; where nothing is, the engine that the request is for.
        target: the instance, whatever the commands call it; None where no instance is named or known yet.
        task: the task that is named, as the engine spells its id.
        described: that task as it was read; None where it was not yet.
        engines: names of the engines that a search asks.
        linked: which linked instances a search is about.
        rights: what the caller may see and touch.
        call: the budget.
    """

    gateway: Gateway
    vendor: str
    door: Engine
    engine: Engine
    target: Target | None = None
    task: str | None = None
    described: TaskDescribed | None = None
    engines: tuple[str, ...] = ()
    linked: LinkScope = PLAIN
    rights: Rights
    call: Call

    @property
    def instance(self) -> Target:
        """Return the instance.

        Raises:
            InstanceNotFound: the task that is named belongs to none.
        """
        if self.target is None:
            raise InstanceNotFound(engine=self.engine.name)
        return self.target

    def seen(self, listed: Iterable[Variable]) -> tuple[Variable, ...]:
        """Return the variables that the caller may see, those that are masked without their values."""
        return tuple(self.masked(each) for each in listed if self.rights.may_touch(each.name))

    def masked(self, variable: Variable) -> Variable:
        """Return a variable as the caller may see it: without its value where that is hidden."""
        if not self.rights.is_masked(variable.name):
            return variable
        hidden = msgspec.structs.replace(variable.value, value=ABSENT)
        return msgspec.structs.replace(variable, value=hidden, size=None, error=HIDDEN)

    def refuse(self, what: object) -> Unsupported:
        """Return the refusal of a command that is not offered here."""
        return Unsupported(f"{type(what).__name__} is not offered here.", engine=self.engine.name)

"""Tasks that a front-door request names: the engine that has one, found as ``placing`` finds that of an instance."""

from __future__ import annotations

from functools import partial

from gateway.errors import InvalidRequest, TaskNotFound
from gateway.model.lifecycle import DescribeTask
from gateway.operations.gateway import Gateway
from gateway.operations.placing import MayUse, split_behind
from gateway.operations.probes import pick_owner
from gateway.plan import Call
from gateway.port import Engine
from gateway.routing import Candidate


def locate_task_behind(gateway: Gateway, door: Engine, written: str, may_use: MayUse) -> tuple[Engine, str, bool]:
    """Return the engine of a task that a front-door request names, the task's id there, and whether the id names it.

    A bare id means the door's engine, unless another one is known to have the task. An id that the door's engine
    cannot have is handed on all the same.

    Raises:
        Forbidden: the id names an engine that the caller may not use.
        InvalidRequest: the id names another engine, which cannot have such an id.
    """
    engine, native = split_behind(gateway, written, may_use)
    if engine is not None and engine.name != door.name:
        return engine, engine.native_task(native), True
    beyond = gateway.routing.owner_beyond(door.name, _key(written)) if engine is None else None
    if beyond is not None and may_use(beyond.engine):
        return gateway.engines[beyond.engine], beyond.native, False
    return door, spell_task(door, native) or native, engine is not None


async def locate_task_beyond(  # noqa: PLR0913 - an id, and all that may say whose it is
    gateway: Gateway, door: Engine, written: str, may_use: MayUse, call: Call, *, asked: bool = True
) -> tuple[Engine, str] | None:
    """Find the one other engine that has a task which the engine of a front door does not know.

    Args:
        gateway: whose engines may have it.
        door: the engine of the front door; it is asked for the task, completed or not, before another one counts.
        written: a bare id, as the caller wrote it.
        may_use: which engines count.
        call: for asking them.
        asked: whether the door's engine has said already that it does not know the task; otherwise it is asked first.

    Returns:
        The engine and the task's id there; None where no other engine has it, or the door's engine has it after all.

    Raises:
        InstanceAmbiguous: several other engines have it.
        EngineFailure: an engine could not be asked, and fewer than two others have it.
    """
    if not gateway.routing.probe:
        return None

    has = partial(_has_task, gateway, call)
    able = [
        Candidate(name, native)
        for name, engine in gateway.engines.items()
        if may_use(name) and "tasks.complete" in engine.capabilities.features
        if (native := spell_task(engine, written)) is not None
    ]
    own = [each for each in able if each.engine == door.name]
    others = [each for each in able if each.engine != door.name]
    if not asked and any([await has(each, ended=True) for each in own]):
        return None
    owner = await pick_owner(others, partial(has, ended=False)) or await pick_owner(others, partial(has, ended=True))
    if owner is None or (asked and any([await has(each, ended=True) for each in own])):
        return None
    gateway.routing.remember_beyond(door.name, _key(written), owner)
    return gateway.engines[owner.engine], owner.native


async def _has_task(gateway: Gateway, call: Call, candidate: Candidate, *, ended: bool) -> bool:
    """Return whether an engine has a task; one that is completed counts only with ``ended``."""
    engine = gateway.engines[candidate.engine]
    command = DescribeTask(task=candidate.native, ended=ended)
    try:
        _ = await gateway.run(engine.name, engine.describe_task(command), call)
    except TaskNotFound:
        return False
    return True


def spell_task(engine: Engine, written: str) -> str | None:
    """Return a task's id in the spelling of an engine; None where no task of the engine can have such an id."""
    try:
        return engine.native_task(written)
    except InvalidRequest:
        return None


def known_task_elsewhere(gateway: Gateway, door: Engine, written: str) -> str | None:
    """Return the engine that is known to have the task of a bare id, if it is not that of the front door."""
    beyond = gateway.routing.owner_beyond(door.name, _key(written))
    return None if beyond is None else beyond.engine


def _key(written: str) -> str:
    """Return the name under which the owner of a task is remembered: beside those of instances."""
    return f"task {written}"

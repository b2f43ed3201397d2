"""Handlers of commands that start instances and move them on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.model.commands import Command
from gateway.model.lifecycle import ChangeState, StartInstance
from gateway.model.results import InstanceStarted, StateChanged
from gateway.operations import lifecycle
from gateway.operations.translating.translation import Translation


async def _start(translation: Translation, command: StartInstance) -> InstanceStarted:
    return await lifecycle.start_instance(translation.gateway, translation.engine, command, translation.call)


async def _change_state(translation: Translation, command: ChangeState) -> StateChanged:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    return await lifecycle.change_state(translation.gateway, target, command, translation.call)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    StartInstance: _start,
    ChangeState: _change_state,
}

"""Handlers of commands on the tokens of one instance: where they are, and moving them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.model.commands import Command, ListActivities
from gateway.model.modification import ModifyInstance
from gateway.model.results import ActivitiesListed, InstanceModified
from gateway.operations import activities
from gateway.operations.translating.translation import Translation


async def _list(translation: Translation, command: ListActivities) -> ActivitiesListed:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native)
    return await activities.list_activities(translation.gateway, target, command, translation.call)


async def _modify(translation: Translation, command: ModifyInstance) -> InstanceModified:
    target = translation.instance
    command = msgspec.structs.replace(command, instance=target.native, caller=translation.rights.name)
    return await activities.modify_instance(translation.gateway, target, command, translation.call)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {
    ListActivities: _list,
    ModifyInstance: _modify,
}

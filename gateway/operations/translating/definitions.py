"""Handlers of commands on definitions: those of the front door's engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.model.commands import Command, ListDefinitions
from gateway.model.results import DefinitionsListed
from gateway.operations import definitions
from gateway.operations.translating.translation import Translation


async def _list(translation: Translation, command: ListDefinitions) -> DefinitionsListed:
    return await definitions.list_definitions(translation.gateway, translation.engine, command, translation.call)


HANDLERS: Mapping[type[Command], Callable[[Translation, Any], Awaitable[msgspec.Struct]]] = {ListDefinitions: _list}

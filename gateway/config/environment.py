"""The environment over the file: ``VARBRIDGE__SECTION__KEY=value``. Nobody else reads the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from gateway.config.shapes import ConfigError
from gateway.config.spelling import did_you_mean

_PREFIX = "VARBRIDGE__"


def environment() -> dict[str, str]:
    """Return a copy of the process's environment."""
    return dict(os.environ)


class Overrides:
    """What the environment put into a tree of tables: each key path with the variable that set it.

    A value is TOML where it can be read as TOML, else a text.

    Raises:
        ConfigError: a variable leads into a key that is no table.
    """

    def __init__(self, tree: dict[str, Any], environ: Mapping[str, str], source: str) -> None:
        self._set_by: dict[str, str] = {}
        self._beside: dict[str, tuple[str, ...]] = {}
        for name, text in sorted(environ.items()):
            if name.startswith(_PREFIX):
                self._set(tree, name, text, source)

    def _set(self, tree: dict[str, Any], name: str, text: str, source: str) -> None:
        *tables, last = name.removeprefix(_PREFIX).split("__")
        table, path = tree, []
        for step in tables:
            path.append(_spelled(table, step))
            if path[-1] not in table:
                self._set_by[".".join(path)] = name
                self._beside[".".join(path)] = tuple(table)
            table = table.setdefault(path[-1], {})
            if not isinstance(table, dict):
                raise ConfigError(f"{source}: {name}: {'.'.join(path)} is no table")
        path.append(_spelled(table, last))
        self._set_by[".".join(path)] = name
        table[path[-1]] = _parsed(text)

    def blame(self, message: str) -> str:
        """Return a note that names the variable a message is about, or an empty text.

        Where the variable made a table of its own (``ENGINES__CLAIM__URL``), the note names the table that was meant.
        """
        for path, name in self._set_by.items():
            if re.match(rf"{re.escape(path)}[.:\[]", message):
                made = "" if ": unknown key" in message else self._meant(path)
                return f" (set by {name} in the environment{made})"
        return ""

    def _meant(self, path: str) -> str:
        return did_you_mean(path.rpartition(".")[2], self._beside.get(path, ()))


def _spelled(table: dict[str, Any], word: str) -> str:
    """Return the key as the file spells it; variables of the environment are upper case by custom."""
    return next((key for key in table if key.upper() == word.upper()), word.lower())


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text

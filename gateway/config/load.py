"""Reading: file and environment to a checked ``Config``; every error names file and key path."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.config import place
from gateway.config.check import check, check_engine, check_kind
from gateway.config.shapes import Common, Config, ConfigError, EngineConfig, File
from gateway.port import Vendor

_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_PREFIX = "VARBRIDGE__"


def environment() -> dict[str, str]:
    """Give the process's environment; nobody else reads it."""
    return dict(os.environ)


def load(path: Path | str, environ: Mapping[str, str], vendors: Mapping[str, Vendor]) -> Config:
    """Read a file, lay ``VARBRIDGE__SECTION__KEY`` of the environment over it, and check all of it.

    Raises:
        ConfigError: naming file and key path.
    """
    source = str(path)
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: not TOML: nested too deeply") from error
    laid = _overridden(tree, environ, source)
    try:
        return parse(tree, vendors, source)
    except ConfigError as error:
        raise ConfigError(str(error) + _blamed(str(error).removeprefix(f"{source}: "), laid)) from error


def parse(tree: dict[str, Any], vendors: Mapping[str, Vendor], source: str = "configuration") -> Config:
    """Check a tree of tables.

    Raises:
        ConfigError: naming the source and the key path.
    """
    read = _converted(tree, File, source, "")
    engines = {name: _engine(source, f"engines.{name}", table, vendors) for name, table in read.engines.items()}
    members = {name: getattr(read, name) for name in File.__struct_fields__ if name != "engines"}
    config = Config(source=source, engines=engines, **members)
    check(config, vendors)
    return config


def _overridden(tree: dict[str, Any], environ: Mapping[str, str], source: str) -> dict[str, str]:
    """Lay ``VARBRIDGE__A__B=value`` over the tree; a value is TOML where it can be read as such, else text.

    Gives the key paths that were laid over, each with its variable.
    """
    laid: dict[str, str] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(_PREFIX):
            continue
        *tables, last = name.removeprefix(_PREFIX).split("__")
        table, path = tree, []
        for step in tables:
            path.append(_known(table, step))
            if path[-1] not in table:
                laid[".".join(path)] = name
            table = table.setdefault(path[-1], {})
            if not isinstance(table, dict):
                raise ConfigError(f"{source}: {name}: {'.'.join(path)} is no table")
        key = _known(table, last)
        table[key] = _literal(text)
        laid[".".join((*path, key))] = name
    return laid


def _blamed(message: str, laid: Mapping[str, str]) -> str:
    """Name the variable of the environment that a message is about, if one was laid over that key."""
    for path, name in laid.items():
        if re.match(rf"{re.escape(path)}[.:\[]", message):
            return f" (set by {name} in the environment)"
    return ""


def _known(table: dict[str, Any], word: str) -> str:
    """Give the key as the file spells it; variables of the environment are upper case by custom."""
    return next((key for key in table if key.upper() == word.upper()), word.lower())


def _literal(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _converted(tree: Any, kind: type[Any], source: str, path: str) -> Any:
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_said(place.named(tree, kind, str(error)), source, path)) from error


def _said(message: str, source: str, path: str) -> str:
    at = _AT.search(message)
    reason = _AT.sub("", message)
    where = ".".join(part for part in (path, at.group(1) if at else "") if part)
    unknown = _UNKNOWN.match(reason)
    if unknown:
        where, reason = ".".join(part for part in (where, unknown.group(1)) if part), "unknown key"
    return f"{source}: {where or 'top level'}: {reason}"


def _engine(source: str, path: str, table: dict[str, Any], vendors: Mapping[str, Vendor]) -> EngineConfig:
    vendor = vendors.get(str(table.get("vendor")))
    if vendor is None:
        raise ConfigError(f"{source}: {path}.vendor: one of {', '.join(sorted(vendors))}")
    common = {key: value for key, value in table.items() if key in Common.__struct_fields__}
    own = {key: value for key, value in table.items() if key not in Common.__struct_fields__}
    check_kind(source, path, common.get("auth"), vendor)
    read = _converted(common, Common, source, path)
    settings = _converted(own, vendor.settings, source, path)
    check_engine(source, path, read)
    members = {name: getattr(read, name) for name in Common.__struct_fields__}
    return EngineConfig(settings=settings, **{**members, "url": read.url.rstrip("/")})

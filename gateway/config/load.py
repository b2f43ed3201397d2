"""Read a file and the environment into a checked ``Config``; every error names file and key path."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.config import location
from gateway.config.check import check, check_engine, check_kind
from gateway.config.environment import Overrides
from gateway.config.shapes import CommonEngineConfig, Config, ConfigError, ConfigFile, EngineConfig
from gateway.config.spelling import REFERENCE, did_you_mean
from gateway.port import Vendor

_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_NO_CHOICE = re.compile(r"Invalid enum value ")


def referenced_files(path: Path | str, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that a configuration is made of: itself, those that ``file:PATH`` names in it, those of TLS.

    Where it cannot be read, nothing is known of the others.

    Args:
        path: of the configuration.
        environ: may override values in it.
    """
    tree: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, RecursionError, ConfigError):
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        _ = Overrides(tree, environ, str(path))
    return (Path(path).absolute(), *(Path(name).absolute() for name in _files_in(tree)))


def _files_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and isinstance(paths := node.get("tls"), dict):
        yield from (each for each in paths.values() if isinstance(each, str) and each and not REFERENCE.match(each))
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _files_in(each)
    elif isinstance(node, str) and node.startswith("file:"):
        yield node.removeprefix("file:")


def load(path: Path | str, environ: Mapping[str, str], vendors: Mapping[str, Vendor]) -> Config:
    """Read a file, let ``VARBRIDGE__SECTION__KEY`` of the environment override it, and check the result.

    A byte order mark, with which some editors begin a file, is passed over.

    Raises:
        ConfigError: naming file and key path.
    """
    source = str(path)
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: not TOML: nested too deeply") from error
    overrides = Overrides(tree, environ, source)
    try:
        return parse(tree, vendors, source)
    except ConfigError as error:
        raise ConfigError(str(error) + overrides.blame(str(error).removeprefix(f"{source}: "))) from error


def parse(tree: dict[str, Any], vendors: Mapping[str, Vendor], source: str = "configuration") -> Config:
    """Convert and check a tree of tables.

    Raises:
        ConfigError: naming the source and the key path.
    """
    read = _converted(tree, ConfigFile, source, "")
    engines = {name: _engine(source, f"engines.{name}", table, vendors) for name, table in read.engines.items()}
    members = {name: getattr(read, name) for name in ConfigFile.__struct_fields__ if name != "engines"}
    config = Config(source=source, engines=engines, **members)
    check(config, vendors)
    return config


def _converted(tree: Any, kind: type[Any], source: str, path: str, others: Iterable[str] = ()) -> Any:
    """Convert a table to a struct; ``others`` are keys that the table takes beside those of the struct."""
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        message = location.with_key_named(tree, kind, str(error))
        raise ConfigError(f"{source}: {_described(message, kind, path, others)}") from error


def _described(message: str, kind: type[Any], path: str, others: Iterable[str]) -> str:
    """Return key path and reason of a message of msgspec, with what would be accepted where that is known."""
    at = _AT.search(message)
    inside = at.group(1) if at else ""
    reason = _AT.sub("", message)
    where = _joined(path, inside)
    if unknown := _UNKNOWN.match(reason):
        known = (*location.known_keys(kind, inside), *(() if inside else others))
        return f"{_joined(where, unknown.group(1))}: unknown key{did_you_mean(unknown.group(1), known)}"
    if _NO_CHOICE.match(reason):
        reason = f"one of {', '.join(location.known_values(kind, inside))}"
    return f"{where or 'top level'}: {reason}"


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _engine(source: str, path: str, table: dict[str, Any], vendors: Mapping[str, Vendor]) -> EngineConfig:
    vendor = vendors.get(str(table.get("vendor")))
    if vendor is None:
        raise ConfigError(f"{source}: {path}.vendor: one of {', '.join(sorted(vendors))}")
    common = {key: value for key, value in table.items() if key in CommonEngineConfig.__struct_fields__}
    own = {key: value for key, value in table.items() if key not in CommonEngineConfig.__struct_fields__}
    check_kind(source, path, common.get("auth"), vendor)
    read = _converted(common, CommonEngineConfig, source, path)
    settings = _converted(own, vendor.settings, source, path, CommonEngineConfig.__struct_fields__)
    check_engine(source, path, read)
    members = {name: getattr(read, name) for name in CommonEngineConfig.__struct_fields__}
    return EngineConfig(settings=settings, **{**members, "url": read.url.rstrip("/")})

"""``varbridge audit``: list, verify and export the end of the audit trail, straight from the store; no gateway runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import config
from gateway.auditing import read_trail
from gateway.bridge.audit import Break, verify_stored
from gateway.bridge.records import AuditStore
from gateway.cli import output
from gateway.cli.serve import load_config, report_unusable
from gateway.config import ConfigError, StoreConfig
from gateway.errors import StoreUnavailable
from gateway.model.audit import AuditFilter, Head, parse_head, parse_moment
from gateway.web.v1.audit import entry_shape

R = TypeVar("R")
_COLUMNS = ("sequence", "at", "caller", "action", "subject", "evidence")
_MAX_LISTED = 10_000


def with_store(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--config`` and ``--json``; the command is given where its store is, and ``as_json``."""

    @wraps(command)
    def wrapped(*, path: Path, **others: Any) -> None:
        try:
            read = config.resolve_store(load_config(path, secrets=False), config.environment())
        except ConfigError as error:
            raise SystemExit(report_unusable(error)) from error
        command(store=read, **others)

    decorated: Callable[..., None] = wrapped
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
        click.option(
            "--config",
            "path",
            required=True,
            type=click.Path(path_type=Path),
            help="The gateway's configuration, for its store.",
        ),
    ):
        decorated = option(decorated)
    return decorated


@click.group()
def audit() -> None:
    """The audit trail: who moved, linked and administered what, when, on what evidence.

    Exit codes: 0 done, and `verify` found the trail whole; 1 `verify` found it broken; 2 wrong usage; 3 the
    configuration cannot be used; 4 the store cannot be reached.
    """


@audit.command("list")
@click.option("--subject", help="Only entries about this plan, link or job, such as plan:hr-move.")
@click.option("--caller", help="Only acts of this caller.")
@click.option(
    "--since",
    metavar="TIME",
    callback=lambda _context, _option, given: _parsed(parse_moment, given),
    help="Only entries made at this date or time (ISO 8601; UTC without an offset) or later.",
)
@click.option(
    "--limit", type=click.IntRange(1, _MAX_LISTED), default=50, show_default=True, help="The most entries to list."
)
@output.wide_option
@with_store
def list_entries(
    subject: str | None,
    caller: str | None,
    since: int | None,
    limit: int,
    store: StoreConfig,
    *,
    as_json: bool,
    wide: bool,
) -> None:
    """List entries, the latest first."""
    wanted = AuditFilter(subject=subject, caller=caller, since_ms=since)
    entries = _read(store, lambda records: records.list_latest(wanted, limit))
    rows = [msgspec.json.decode(msgspec.json.encode(entry_shape(entry))) for entry in entries]
    output.print_rows(rows, _COLUMNS, as_json=as_json, wide=wide)


@audit.command()
@click.option(
    "--head",
    metavar="SEQUENCE:HASH",
    callback=lambda _context, _option, given: _parsed(parse_head, given),
    help="A head that `varbridge audit head` printed earlier: the trail must still contain it.",
)
@click.option("--head-file", type=click.Path(dir_okay=False, path_type=Path), help="A file with such a head.")
@with_store
def verify(head: Head | None, head_file: Path | None, store: StoreConfig, *, as_json: bool) -> None:
    """Check every entry and its place; print the first place where the trail is broken.

    Without a head that was exported earlier and stored elsewhere, nobody can tell that the end was cut off, an old
    backup restored, or the whole trail written anew.
    """
    if head is not None and head_file is not None:
        raise click.UsageError("Give either --head or --head-file.")
    found = _verify(store, head if head_file is None else _read_head(head_file))
    if as_json:
        output.print_json(_report(found))
    elif isinstance(found, Head):
        output.print_line(f"whole: {found.sequence} entries; head {found}")
    else:
        output.print_error(f"broken: {found}")
    if isinstance(found, Break):
        raise SystemExit(output.FAILED)


@audit.command()
@with_store
def head(store: StoreConfig, *, as_json: bool) -> None:
    """Print number and hash of the last entry, to be stored where nobody who can write to the store can write.

    Run `verify` first: a head says nothing of what stands before it.
    """
    found = _read(store, lambda records: records.head())
    if as_json:
        output.print_json(found)
    else:
        output.print_line(str(found))


def _read_head(path: Path) -> Head | None:
    try:
        return _parsed(parse_head, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read.") from error


def _report(found: Head | Break) -> dict[str, Any]:
    if isinstance(found, Head):
        return {"whole": True, "sequence": found.sequence, "hash": found.hash}
    return {"whole": False, "fault": found.fault, "sequence": found.sequence, "detail": str(found)}


def _verify(store: StoreConfig, exported: Head | None) -> Head | Break:
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("", total=None)

        def note(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return _read(store, lambda records: verify_stored(records, exported, note))


def _read(store: StoreConfig, work: Callable[[AuditStore], Awaitable[R]]) -> R:
    """Return what some work reads from the store; print why the store cannot be used, and end the program."""
    try:
        return asyncio.run(read_trail(store, work))
    except StoreUnavailable as error:
        output.print_error(f"error: {error.code}: {error.detail}")
        raise SystemExit(output.UNREACHABLE) from error


def _parsed(parse: Callable[[str], R], given: str | None) -> R | None:
    """Return what was given, parsed.

    Raises:
        BadParameter: it cannot be parsed.
    """
    try:
        return None if given is None else parse(given)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from error

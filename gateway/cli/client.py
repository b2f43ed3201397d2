"""A client of a running gateway: one request, its answer or its problem; and the command that lists engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import quote

import aiohttp
import click
import msgspec
from yarl import URL

from gateway.cli import output
from gateway.cli.options import Option
from gateway.plan import encode_path

_TIMEOUT_S = 90.0
"""Longer than the gateway's own longest deadline (60 s), so that its answer is seen."""


def with_gateway(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every client command has; the command is given a ``connection`` and ``as_json``."""
    return _with_options(command, _GATEWAY_OPTIONS)


def with_connection(command: Callable[..., None]) -> Callable[..., None]:
    """Add those of ``with_gateway``, and ``--engine`` for bare ids; the command is given the same."""
    return _with_options(command, (_GATEWAY_OPTIONS[0], _engine_option, *_GATEWAY_OPTIONS[1:]))


def _with_options(command: Callable[..., None], options: Iterable[Option]) -> Callable[..., None]:
    @wraps(command)
    def wrapped(*, url: str, key: str | None, engine: str | None = None, **others: Any) -> None:
        command(connection=Connection(url=url, key=key, engine=engine), **others)

    decorated: Callable[..., None] = wrapped
    for option in options:
        decorated = option(decorated)
    return decorated


_engine_option: Option = click.option("--engine", help="Engine of a bare instance id.")
_GATEWAY_OPTIONS: tuple[Option, ...] = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
    click.option("--key", envvar="VARBRIDGE_KEY", show_envvar=True, help="API key; better not on the command line."),
    click.option(
        "--url",
        envvar="VARBRIDGE_URL",
        show_envvar=True,
        default="http://127.0.0.1:8080",
        show_default=True,
        help="The gateway.",
    ),
)


class NoAnswer(Exception):
    """The gateway cannot be reached, or did not answer in time; the text says which URL, and why."""


class RawAnswer(msgspec.Struct, frozen=True):
    """An answer as it came."""

    status: int
    body: bytes


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the gateway."""

    url: str
    key: str | None = None
    engine: str | None = None

    def ask(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        with_engine: bool = True,
        timeout_s: float = _TIMEOUT_S,
    ) -> Any:
        """Return the decoded answer, None where there is no body; print a problem and end the program.

        ``with_engine`` says whether ``--engine`` goes along as a query parameter; ``timeout_s`` is for the whole.

        Raises:
            UsageError: an argument is not UTF-8.
        """
        if any("\udc80" <= letter <= "\udcff" for text in (*path, *(query or {}).values()) for letter in text):
            raise click.UsageError("An argument is not UTF-8.")
        pairs = dict(query or {})
        if with_engine and self.engine:
            pairs["engine"] = self.engine
        answer = self._answer(method, path, pairs, body, headers=headers, timeout_s=timeout_s)
        return output.decode_answer(answer.status, answer.body)

    def ask_lines(self, *path: str) -> list[Any]:
        """Return the decoded lines of an answer that has one JSON value a line."""
        answer = self._answer("GET", path)
        return output.decode_lines(answer.status, answer.body)

    def ask_page(self, *path: str) -> bytes:
        """Return an answer as a page of HTML; print a problem and end the program."""
        answer = self._answer("GET", path, headers={"Accept": "text/html"})
        if not answer.body.lstrip()[:9].lower().startswith(b"<!doctype"):
            output.decode_answer(answer.status, answer.body)
            raise output.not_a_gateway()
        return answer.body

    def _answer(self, *given: Any, **more: Any) -> RawAnswer:
        try:
            return asyncio.run(self.exchange(*given, **more))
        except NoAnswer as error:
            output.print_error(f"error: {error}")
            raise SystemExit(output.UNREACHABLE) from error

    async def exchange(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> RawAnswer:
        """Return what the gateway answers, whatever that is.

        Raises:
            NoAnswer: it does not.
        """
        pairs = "&".join(f"{key}={quote(value, safe=',')}" for key, value in (query or {}).items())
        target = self.url.rstrip("/") + encode_path(path) + (f"?{pairs}" if pairs else "")
        sent = ({"Content-Type": "application/json"} if body is not None else {}) | dict(headers or {})
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(
                    method, URL(target, encoded=True), data=body, headers=sent, allow_redirects=False
                ) as answer,
            ):
                return RawAnswer(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoAnswer(f"no answer from {self.url}: {error}") from error


@click.command()
@output.wide_option
@with_connection
def engines(connection: Connection, *, as_json: bool, wide: bool) -> None:
    """List the engines, or the one of --engine: vendor, version, whether it is up."""
    named = (connection.engine,) if connection.engine else ()
    answer = connection.ask("GET", "v1", "engines", *named, with_engine=False)
    found = output.rows_of({"engines": [answer]} if named else answer, "engines")
    output.print_rows(found, ("engine", "vendor", "version", "health"), as_json=as_json, wide=wide)

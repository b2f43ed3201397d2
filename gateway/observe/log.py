"""structlog, set up once: JSON lines for machines, readable ones on a terminal; one canonical line a request."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict

from gateway.observe.lines import Lines
from gateway.observe.printable import printable

_encoder = msgspec.json.Encoder()
_log = structlog.get_logger("varbridge")


def _told(error: BaseException) -> dict[str, Any]:
    """Tell what failed and where, but not the error's own message: it may hold a value."""
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    return {
        "error": " from ".join(type(each).__name__ for each in chain),
        "where": [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ],
    }


def _failed(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Put what ``_told`` tells in the place of an exception."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    return {**event, **_told(error)} if error is not None else event


def _shown(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Escape what would act on the terminal: paths and names come from callers."""
    return {key: printable(content) if isinstance(content, str) else content for key, content in event.items()}


class _Library(logging.Handler):
    """What libraries log, in our shape: the text before its arguments are put in, and never those."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        lines = str(record.msg).splitlines()
        told = _told(record.exc_info[1]) if record.exc_info and record.exc_info[1] is not None else {}
        _log.log(record.levelno, "library", logger=record.name, said=lines[0] if lines else "", **told)


def _line(logger: Any, method: str, event: EventDict) -> bytes:
    """Add time (seconds since 1970, UTC) and level, and encode: one processor, because each one costs."""
    if "exc_info" in event:
        event = _failed(logger, method, event)
    event["time"] = time.time()
    event["level"] = method
    return _encoder.encode(event)


def _stream() -> TextIO:
    """Give the standard error stream; a program that is started with none (``2>&-``) says nothing, and runs.

    Its place is taken: else it would be a socket's, and libuv aborts when it closes one of the first three.
    """
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
    return sys.stderr


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Set structlog up.

    Args:
        json: True = JSON lines, False = for people; None = JSON unless the standard error stream is a terminal.
        level: least level that is written.
    """
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)
    stream = _stream()
    as_json = not stream.isatty() if json is None else json
    wrapper = structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()])
    if as_json:
        lines = Lines(stream.buffer)
        structlog.configure(
            processors=[_line],
            wrapper_class=wrapper,
            logger_factory=lambda *_: lines,
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                _failed,
                _shown,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer(),
            ],
            wrapper_class=wrapper,
            logger_factory=structlog.PrintLoggerFactory(stream),
            cache_logger_on_first_use=True,
        )

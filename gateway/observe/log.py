"""Set structlog up, once: JSON lines for machines, readable lines on a terminal; one canonical line a request."""

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
from structlog import BoundLoggerBase
from structlog.typing import EventDict

from gateway.observe.lines import Lines
from gateway.observe.printable import printable

_encoder = msgspec.json.Encoder()
_log = structlog.get_logger("varbridge")


def _without_message(error: BaseException) -> dict[str, Any]:
    """Return what failed and where, without the error's own message, which may hold a value."""
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    return {
        "error": " from ".join(type(each).__name__ for each in chain),
        "where": [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ],
    }


def _replace_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by what ``_without_message`` says of it."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    return {**event, **_without_message(error)} if error is not None else event


def _escape(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Escape what would act on the terminal: paths and names come from callers."""
    return {key: printable(content) if isinstance(content, str) else content for key, content in event.items()}


class _Library(logging.Handler):
    """Log what libraries log, in our shape: the text before its arguments are filled in, never the arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        lines = str(record.msg).splitlines()
        error = record.exc_info[1] if record.exc_info else None
        failure = _without_message(error) if error is not None else {}
        _log.log(record.levelno, "library", logger=record.name, said=lines[0] if lines else "", **failure)


def _line(logger: Any, method: str, event: EventDict) -> bytes:
    """Add time (seconds since 1970, UTC) and level, and encode: in one processor, because each one costs."""
    if "exc_info" in event:
        event = _replace_exception(logger, method, event)
    event["time"] = time.time()
    event["level"] = method
    return _encoder.encode(event)


class _LineLogger(BoundLoggerBase):
    """Hands each line to what writes it: structlog's own way of doing so costs as much as making the line."""

    def _proxy_to_logger(self, method_name: str, event: str | None = None, **event_kw: Any) -> None:
        line: Any = {**event_kw, "event": event}
        try:
            for processor in self._processors:
                line = processor(self._logger, method_name, line)
        except structlog.DropEvent:
            return
        self._logger.msg(line)


def _stream() -> TextIO:
    """Return the standard error stream; a program that is started without one (``2>&-``) runs, and logs nothing.

    The null device takes its descriptor: else a socket would, and libuv aborts when it closes one of the first three.
    """
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open
    return sys.stderr


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Set up structlog and the logging of libraries.

    Args:
        json: True = JSON lines, False = lines for people, None = JSON unless the standard error stream is a terminal.
        level: the lowest level that is written.
    """
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)
    stream = _stream()
    as_json = not stream.isatty() if json is None else json
    wrapper = structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()])
    if as_json:
        lines = Lines(stream.buffer)
        structlog.configure(
            processors=[_line],
            wrapper_class=type("_LineLogger", (_LineLogger, wrapper), {}),
            logger_factory=lambda *_: lines,
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                _replace_exception,
                _escape,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer(),
            ],
            wrapper_class=wrapper,
            logger_factory=structlog.PrintLoggerFactory(stream),
            cache_logger_on_first_use=True,
        )

"""structlog, set up once: JSON lines for machines, readable ones on a terminal; one canonical line a request."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict

_encoder = msgspec.json.Encoder()


def _stamped(_logger: Any, method: str, event: EventDict) -> bytes:
    """Add time (seconds since 1970, UTC) and level, and encode: one processor, because each one costs."""
    event["time"] = time.time()
    event["level"] = method
    return _encoder.encode(event)


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Set structlog up.

    Args:
        json: True = JSON lines, False = for people; None = JSON unless the standard error stream is a terminal.
        level: least level that is written.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    wrapper = structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()])
    if as_json:
        structlog.configure(
            processors=[structlog.processors.format_exc_info, _stamped],
            wrapper_class=wrapper,
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer(),
            ],
            wrapper_class=wrapper,
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )

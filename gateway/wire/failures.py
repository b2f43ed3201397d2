"""One table: what a socket did, and which error that is. Both senders, and answers under way, go by it.

What was not sent is never an unknown outcome; a write that was sent and not answered always is one. What must not live
here: what an engine's answer means (``adapters.<vendor>.faults``).
"""

from __future__ import annotations

import aiohttp
import msgspec

from gateway.errors import EngineFailure, EngineMisbehaved, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.wire.tls_failures import tls_detail


class NotConnected(Exception):
    """No connection could be made, so nothing was sent."""


class ProxyRefused(Exception):
    """The engine's proxy did not pass the request on."""


class ConnectionLost(Exception):
    """The connection ended before the answer was complete.

    Args:
        headless: whether not even the head of the answer had come in full.
    """

    def __init__(self, *, headless: bool) -> None:
        super().__init__("the connection ended")
        self.headless = headless


class UnreadableAnswer(Exception):
    """What came is no HTTP answer that can be read."""


class AnswerTooLarge(Exception):
    """The answer's body is over the limit.

    Args:
        most: the limit, bytes.
    """

    def __init__(self, most: int) -> None:
        super().__init__(f"The answer is larger than {most} bytes.")


class NotSentInTime(Exception):
    """The time was over while the request still waited for a connection, so nothing was sent."""


NOTHING_SENT = "nothing was sent"
"""The message of the ``CancelledError`` that leaves a sender whose request still waited for a connection."""


class Meaning(msgspec.Struct, frozen=True):
    """What an exchange that ended in a certain way means.

    Args:
        read: the error of a request that changes nothing.
        detail: its text; empty = that of the socket's own error.
        write: the error of a request that writes; None = the same.
        write_detail: its text.
    """

    read: type[EngineFailure]
    detail: str = ""
    write: type[EngineFailure] | None = None
    write_detail: str = "The write was sent and not answered."


NOT_CONNECTED = Meaning(EngineUnavailable, "No connection to the engine could be made.")
NO_PROXY = Meaning(EngineUnavailable, "No connection to the engine's proxy could be made.")
PROXY_REFUSED = Meaning(EngineUnavailable, "The engine's proxy did not connect the gateway to the engine.")
BAD_URL = Meaning(EngineUnavailable, "The engine's URL cannot be used.")
NOT_SENT = Meaning(EngineTimeout, "No connection to the engine was free in time; nothing was sent.")
TOO_LARGE = Meaning(EngineMisbehaved)
LATE = Meaning(
    EngineTimeout, "The engine did not answer in time.", OutcomeUnknown, "The write was sent and not answered in time."
)
CUT_OFF = Meaning(EngineUnavailable, "The engine closed the connection before its answer was complete.", OutcomeUnknown)
UNREADABLE = Meaning(EngineMisbehaved, "The engine's answer is no HTTP that can be read.", OutcomeUnknown)

TABLE: tuple[tuple[type[BaseException], Meaning], ...] = (
    # The first row that fits counts: aiohttp's errors of connecting are OSError or TimeoutError as well.
    (NotConnected, NOT_CONNECTED),
    (aiohttp.ConnectionTimeoutError, NOT_CONNECTED),
    (aiohttp.ClientProxyConnectionError, NO_PROXY),
    (aiohttp.ClientConnectorError, NOT_CONNECTED),
    (aiohttp.ClientHttpProxyError, PROXY_REFUSED),
    (ProxyRefused, PROXY_REFUSED),
    (aiohttp.ServerFingerprintMismatch, NOT_CONNECTED),
    (aiohttp.InvalidURL, BAD_URL),
    (aiohttp.NonHttpUrlClientError, BAD_URL),
    (NotSentInTime, NOT_SENT),
    (AnswerTooLarge, TOO_LARGE),
    (TimeoutError, LATE),
    (ConnectionLost, CUT_OFF),
    (aiohttp.ServerDisconnectedError, CUT_OFF),
    (aiohttp.ClientPayloadError, CUT_OFF),
    (OSError, CUT_OFF),
    (Exception, UNREADABLE),
)
HTTP1_ERRORS = (NotConnected, ConnectionLost, UnreadableAnswer, AnswerTooLarge, OSError)
"""What our own sender translates by the table; anything else is a fault of the gateway."""
AIOHTTP_ERRORS = (aiohttp.ClientError, AnswerTooLarge, ProxyRefused, OSError, ValueError)
"""The same of aiohttp, which raises ValueError for what it cannot write or read."""


def name_failure(error: Exception, engine: str, *, writes: bool) -> EngineFailure:
    """Return the error that a failed exchange with an engine is; raise it ``from`` the given one."""
    meaning = next(meaning for kind, meaning in TABLE if isinstance(error, kind))
    if (tls := tls_detail(error, connecting=meaning is NOT_CONNECTED)) is not None:
        return EngineUnavailable(tls, engine=engine)
    if writes and meaning.write is not None:
        return meaning.write(meaning.write_detail, engine=engine)
    return meaning.read(meaning.detail or str(error), engine=engine)

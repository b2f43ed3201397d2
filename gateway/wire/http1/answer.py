"""One answer being put together from what llhttp reports. What must not live here: sockets."""

from __future__ import annotations

import httptools

from gateway.plan import VendorResponse
from gateway.wire.failures import AnswerTooLarge, UnreadableAnswer

_MAX_HEAD_BYTES = 64 * 1024
"""Names and values of an answer's headers, interim answers and trailers included; servers send some hundred bytes."""
_LINE_BYTES = 16
"""What an empty interim answer counts for, so that they cannot come without end."""
_FINAL = 200
_SWITCHING = 101


class AnswerParser:
    """Puts the answer together to the request that is under way; made ready anew for each.

    Attributes:
        headed: whether the head of the final answer has come.
        complete: whether all of it has come.
        keep: whether the engine keeps the connection after it.
    """

    __slots__ = (
        "_body",
        "_framed",
        "_head_bytes",
        "_headers",
        "_limit",
        "_parser",
        "_reason",
        "_room",
        "_status",
        "complete",
        "headed",
        "keep",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.expect(0)

    def expect(self, limit: int) -> None:
        """Be ready for one answer whose body has at most so many bytes."""
        self._limit = self._room = limit
        self._head_bytes = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._framed = False
        self._status = 0
        self._reason = b""
        self.headed = self.complete = self.keep = False

    def feed(self, data: bytes) -> None:
        """Take bytes that came.

        Raises:
            UnreadableAnswer, AnswerTooLarge: also after the answer was complete, when more follows it.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self.keep = False
            # not in a variable: its traceback holds this frame
            raise (
                error.__context__ if isinstance(error.__context__, AnswerTooLarge) else UnreadableAnswer()
            ) from error
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.keep = False
            raise UnreadableAnswer from error

    def end(self) -> bool:
        """Take the end of the stream; return whether that completes the answer (one of no announced length)."""
        if self.headed and not self._framed:
            self.complete = True
        return self.complete

    def response(self) -> VendorResponse:
        """Return the complete answer."""
        headers = tuple([(name.lower(), value) for name, value in self._headers]) if self._headers else ()
        return VendorResponse(self._status, headers, self.take())

    def raw_head(self) -> tuple[int, str, list[tuple[str, str]]]:
        """Return status, reason and headers, spelled as they came, once the head is there."""
        return self._status, self._reason.decode("utf-8", "surrogateescape"), self._headers

    def held_bytes(self) -> int:
        """Return how many bytes of the body wait to be taken."""
        return sum(map(len, self._body))

    def take(self) -> bytes:
        """Return what has come of the body since it was last taken."""
        body, self._body = self._body, []
        return body[0] if len(body) == 1 else b"".join(body)

    # what llhttp calls

    def on_message_begin(self) -> None:
        """Begin an answer; whatever follows a complete one was not asked for."""
        if self.complete:
            raise UnreadableAnswer
        self._count(_LINE_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which is counted and dropped."""
        self._count(len(name) + len(value))
        if self.headed:
            return
        text = name.decode("latin-1")
        lower = text.lower()
        if lower == "content-length" or lower == "transfer-encoding":  # noqa: PLR1714 - no set is made each time
            self._framed = True
            if value.isdigit() and int(value) > self._room:
                raise AnswerTooLarge(self._limit)
        self._headers.append((text, value.decode("utf-8", "surrogateescape")))

    def on_status(self, reason: bytes) -> None:
        """Take the reason, or a piece of it."""
        self._reason += reason

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MAX_HEAD_BYTES:
            raise UnreadableAnswer

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        self._status = status = self._parser.get_status_code()
        if status == _SWITCHING or self._parser.get_http_version()[:2] != "1.":
            raise UnreadableAnswer
        if status >= _FINAL:
            self.headed = True

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._room -= len(piece)
        if self._room < 0:
            raise AnswerTooLarge(self._limit)
        self._body.append(piece)

    def on_message_complete(self) -> None:
        """Take the end of an answer; an interim one is forgotten."""
        if not self.headed:
            self._headers.clear()
            self._reason = b""
            self._framed = False
            return
        self.complete = True
        self.keep = self._parser.should_keep_alive()

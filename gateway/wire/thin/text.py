"""A request as bytes. They are written as they are, so nothing in them may end a line."""

from __future__ import annotations

from yarl import URL

from gateway.errors import InvalidRequest
from gateway.plan import Call, VendorRequest, encode_target
from gateway.raw import RawRequest

_BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods whose empty body is not announced."""
_USUAL = {
    "accept": "\r\nAccept: */*",
    "accept-encoding": "\r\nAccept-Encoding: identity",
    "user-agent": "\r\nUser-Agent: varbridge",
}
"""What every request says that does not say otherwise."""
_ALL_USUAL = "".join(_USUAL.values())
_KNOWN = 64
"""Sets of headers that are remembered; adapters have a handful."""
_SECRET = frozenset(("authorization", "cookie", "bpmcsrftoken", "x-xsrf-token"))
"""What is not kept longer than the request that it comes with."""


class Writer:
    """Writes requests to one engine."""

    def __init__(self, base: URL) -> None:
        self._prefix = base.raw_path.rstrip("/")
        self._host = f"Host: {base.host_port_subcomponent}"
        self._known: dict[tuple[tuple[str, str], ...], tuple[list[str], str]] = {}

    def text(self, request: VendorRequest, call: Call, body: bytes) -> bytes:
        """Give the whole request.

        Raises:
            InvalidRequest: a line break or NUL in what stands in the head, or a name that no URL can carry.
        """
        lines = [f"{request.method} {self._target(request)} HTTP/1.1", self._host]
        given, usual = self._given(request.headers)
        lines += given
        lines.append(f"X-Request-Id: {call.request_id}")
        if call.traceparent is not None:
            lines.append(f"traceparent: {call.traceparent}")
        if body or request.method not in _BODILESS:
            lines.append(f"Content-Length: {len(body)}")
        return head(lines, usual) + body

    def _given(self, headers: tuple[tuple[str, str], ...]) -> tuple[list[str], str]:
        """Give headers as lines, and the usual ones that they leave; the same few come again and again."""
        known = self._known.get(headers)
        if known is None:
            names = {name.lower() for name, _ in headers}
            known = [f"{name}: {value}" for name, value in headers], _usual(names)
            if len(self._known) < _KNOWN and names.isdisjoint(_SECRET):
                self._known[headers] = known
        return known

    def raw(self, request: RawRequest, body: bytes) -> bytes:
        """Give the whole of a request that is handed on as it came.

        Raises:
            InvalidRequest: a line break or NUL in what stands in the head.
        """
        lines = [f"{request.method} {self._prefix}{request.target} HTTP/1.1"]
        named = {name.lower() for name, _ in request.headers}
        if "host" not in named:
            lines.append(self._host)
        lines += [f"{name}: {value}" for name, value in request.headers]
        if "content-length" not in named and (body or request.method not in _BODILESS):
            lines.append(f"Content-Length: {len(body)}")
        return head(lines, "") + body

    def _target(self, request: VendorRequest) -> str:
        try:
            return encode_target(request, self._prefix)
        except UnicodeEncodeError as error:
            raise InvalidRequest("A name has a lone surrogate, which no URL can carry.") from error


def _usual(own: set[str]) -> str:
    if own.isdisjoint(_USUAL):
        return _ALL_USUAL
    return "".join(line for name, line in _USUAL.items() if name not in own)


def head(lines: list[str], usual: str) -> bytes:
    """Give the head of a request from its lines without their ends, and lines that are known to be good.

    Raises:
        InvalidRequest: a line has a line break or NUL in it.
    """
    text = "\n".join(lines)
    if text.count("\n") != len(lines) - 1 or "\r" in text or "\0" in text:
        raise InvalidRequest("A header has a line break or NUL in it.")
    whole = text.replace("\n", "\r\n") + usual + "\r\n\r\n"
    try:
        return whole.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidRequest("A header has a lone surrogate in it.") from error

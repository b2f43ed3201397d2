"""A request as bytes. Head lines are written as they are, so nothing in them may end a line."""

from __future__ import annotations

from yarl import URL

from gateway.errors import InvalidRequest
from gateway.plan import Call, VendorRequest, cut_base
from gateway.raw import RawRequest
from gateway.wire.target import build_target

_BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods whose empty body is not announced."""
_DEFAULTS = {
    "accept": "\r\nAccept: */*",
    "accept-encoding": "\r\nAccept-Encoding: identity",
    "user-agent": "\r\nUser-Agent: varbridge",
}
"""Headers of every plan's request that does not set them itself."""
_ALL_DEFAULTS = "".join(_DEFAULTS.values())
_MAX_REMEMBERED = 64
"""Sets of headers that are remembered as text; adapters have a handful."""
_SECRET = frozenset(("authorization", "cookie", "bpmcsrftoken", "x-xsrf-token"))
"""Headers that are not kept longer than the request that they come with."""


class RequestWriter:
    """Writes requests to one engine."""

    def __init__(self, base: URL) -> None:
        self._prefix = base.raw_path.rstrip("/")
        self._host = f"Host: {base.host_port_subcomponent}"
        self._remembered: dict[tuple[tuple[str, str], ...], tuple[list[str], str]] = {}

    def write_held(self, request: VendorRequest, call: Call, body: bytes) -> bytes:
        """Return the whole of a plan's request.

        Raises:
            InvalidRequest: a line break or NUL in what stands in the head, or a name that no URL can carry.
        """
        lines = [f"{request.method} {build_target(request, self._prefix)} HTTP/1.1", self._host]
        own, defaults = self._header_lines(request.headers)
        lines += own
        lines.append(f"X-Request-Id: {call.request_id}")
        if call.traceparent is not None:
            lines.append(f"traceparent: {call.traceparent}")
        if call.tracestate is not None:
            lines.append(f"tracestate: {call.tracestate}")
        if body or request.method not in _BODILESS:
            lines.append(f"Content-Length: {len(body)}")
        return write_head(lines, defaults) + body

    def _header_lines(self, headers: tuple[tuple[str, str], ...]) -> tuple[list[str], str]:
        """Return headers as lines, and the defaults that they leave; the same few sets come again and again."""
        known = self._remembered.get(headers)
        if known is None:
            names = {name.lower() for name, _ in headers}
            known = [f"{name}: {value}" for name, value in headers], _missing_defaults(names)
            if len(self._remembered) < _MAX_REMEMBERED and names.isdisjoint(_SECRET):
                self._remembered[headers] = known
        return known

    def write_raw(self, request: RawRequest, body: bytes) -> bytes:
        """Return the whole of a request that is handed on as it came.

        Raises:
            InvalidRequest: a line break or NUL in what stands in the head.
        """
        lines = [f"{request.method} {cut_base(self._prefix, request.above)}{request.target} HTTP/1.1"]
        named = {name.lower() for name, _ in request.headers}
        if "host" not in named:
            lines.append(self._host)
        lines += [f"{name}: {value}" for name, value in request.headers]
        if "content-length" not in named and (body or request.method not in _BODILESS):
            lines.append(f"Content-Length: {len(body)}")
        return write_head(lines, "") + body


def _missing_defaults(own: set[str]) -> str:
    if own.isdisjoint(_DEFAULTS):
        return _ALL_DEFAULTS
    return "".join(line for name, line in _DEFAULTS.items() if name not in own)


def write_head(lines: list[str], defaults: str) -> bytes:
    """Return the head of a request.

    Args:
        lines: without their ends; they are checked.
        defaults: further lines, each after its line break; known to be good.

    Raises:
        InvalidRequest: a line has a line break, NUL or lone surrogate in it.
    """
    text = "\n".join(lines)
    if text.count("\n") != len(lines) - 1 or "\r" in text or "\0" in text:
        raise InvalidRequest("A header has a line break or NUL in it.")
    whole = text.replace("\n", "\r\n") + defaults + "\r\n\r\n"
    try:
        return whole.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidRequest("A header has a lone surrogate in it.") from error

"""The browsable API page: Swagger UI over ``/openapi.json``, from files that ship, without the internet.

What must not live here: what the document says (``gateway.web.v1.openapi``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gateway.errors import RouteNotFound
from gateway.web.http.answers import Answer

_ASSETS = Path(__file__).with_name("assets")
_FILES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
"""What a browser may ask for, and as what; nothing else of the folder is served."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles inline and draws its icons from data; scripts come from here alone."""
_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


def page() -> Answer:
    """Return the page itself."""
    return _file("index.html", "text/html; charset=utf-8")


def asset(name: str) -> Answer:
    """Return a file that the page needs.

    Raises:
        RouteNotFound: the page needs no such file.
    """
    if name not in _FILES:
        raise RouteNotFound
    return _file(name, _FILES[name])


@cache
def _file(name: str, media_type: str) -> Answer:
    return Answer(status=200, body=(_ASSETS / name).read_bytes(), media_type=media_type, headers=_HEADERS)

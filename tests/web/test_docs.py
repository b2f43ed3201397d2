"""The files of the API page: what is served, how, and nothing else."""

from __future__ import annotations

import pytest

from gateway.web.v1.routes import ROUTES
from tests.web.conftest import Site


def test_every_route_has_a_sentence_of_its_own() -> None:
    sentences = [route.summary for route in ROUTES]
    assert all(sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/docs", b"text/html; charset=utf-8"),
        ("/docs/swagger-ui-bundle.js", b"text/javascript; charset=utf-8"),
        ("/docs/start.js", b"text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", b"text/css; charset=utf-8"),
    ],
)
async def test_page_and_its_files_are_served_with_a_policy(site: Site, path: str, kind: bytes) -> None:
    head = await site.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"Content-Type: " + kind in head
    assert b"Content-Security-Policy: default-src 'none'; script-src 'self';" in head
    assert b"X-Content-Type-Options: nosniff" in head


@pytest.mark.parametrize(
    "path", ["/docs/", "/docs/index.html", "/docs/LICENSE", "/docs/..%2f__init__.py", "/docs/%2e%2e"]
)
async def test_nothing_else_of_the_folder_is_served(site: Site, path: str) -> None:
    head = await site.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")

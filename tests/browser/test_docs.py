"""The API page in a real browser, with no other host in reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.web.v1.openapi import heading
from gateway.web.v1.routes import ROUTES
from tests.browser import chromium
from tests.house.required import give_up
from tests.web.conftest import Site


@pytest.fixture(scope="module")
def browser() -> str:
    try:
        return chromium.program()
    except chromium.CannotRun as reason:
        give_up(f"no browser here: {reason}")


async def test_page_shows_every_operation_and_asks_nobody_else(
    browser: str, started: Callable[[Site], Any], tmp_path: Path
) -> None:
    site = await started(Site())
    url = f"http://127.0.0.1:{site.port}/docs"
    document, complaints = await asyncio.to_thread(chromium.opened, url, tmp_path / "profile")
    assert complaints == []
    assert "<title>Varbridge API</title>" in document
    for route in ROUTES:
        assert f"operations-{heading(route.template)}-{route.operation}" in document, route.template


async def test_page_can_be_looked_at(browser: str, started: Callable[[Site], Any], tmp_path: Path) -> None:
    site = await started(Site())
    picture = tmp_path / "docs.png"
    url = f"http://127.0.0.1:{site.port}/docs"
    await asyncio.to_thread(chromium.opened, url, tmp_path / "profile", screenshot=picture)
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size > 50_000, "an empty page is far smaller"

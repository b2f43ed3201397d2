"""Stores to test on: both databases, empty each time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store import Settings, Store

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres").database(f"store{next(_numbers)}"))


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Any]:
    """Makes stores on one database, as replicas have it."""
    opened: list[Store] = []

    def store(**more: Any) -> Store:
        opened.append(Store(Settings(**{"url": url, **more})))
        return opened[-1]

    yield store
    for each in opened:
        await each.close()

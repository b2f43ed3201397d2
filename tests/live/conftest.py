"""What the live tests share: a gateway before the live engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.gateway import LiveGateway


@pytest.fixture(scope="session")
def live_gateway(live_camunda: str) -> Iterator[str]:
    """Base URL of the gateway's Camunda door, `http://127.0.0.1:PORT/engine-rest`."""
    with LiveGateway(live_camunda) as gateway:
        yield gateway.url

"""Credentials as clients really send them."""

from __future__ import annotations

import base64

import pytest

from gateway.access import Access
from gateway.access.callers import CallerEntry
from gateway.errors import Unauthenticated

ACCESS = Access((CallerEntry(name="worker", basic_username="worker", basic_password="wörker:1"),))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_basic_pair_is_read_in_either_encoding(encoding: str) -> None:
    pair = base64.b64encode("worker:wörker:1".encode(encoding)).decode()
    assert ACCESS.identify({"Authorization": f"Basic {pair}"}).name == "worker"


@pytest.mark.parametrize("pair", ["", "!", "d29ya2Vy", base64.b64encode(b"worker:w\xf6rker:2").decode()])
def test_basic_pair_that_is_wrong_is_refused(pair: str) -> None:
    with pytest.raises(Unauthenticated):
        ACCESS.identify({"Authorization": f"Basic {pair}"})

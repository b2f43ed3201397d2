"""Which sender an engine has, by the name that its table gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import assembly

from .test_load import HR, load, refused


@pytest.mark.parametrize(
    ("line", "sender"),
    [("", "http1"), ('client = "http1"', "http1"), ('client = "thin"', "http1"), ('client = "aiohttp"', "aiohttp")],
    ids=["default", "http1", "its first name", "aiohttp"],
)
def test_sender_has_its_names(line: str, sender: str, tmp_path: Path) -> None:
    read = load(tmp_path, f"{HR}\n{line}\n")
    assert assembly.client_settings(read.engines["hr"]).client == sender


def test_unknown_sender_is_refused(tmp_path: Path) -> None:
    assert "engines.hr" in refused(tmp_path, f'{HR}\nclient = "thick"\n')

"""Log lines for people."""

from __future__ import annotations

import logging

import pytest
import structlog

from gateway.observe import log


def test_line_for_people_acts_on_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    before, handlers = structlog.get_config(), list(logging.root.handlers)
    log.configure(json=False)
    try:
        structlog.get_logger("varbridge").info("request", path="/v1/\x9b2J\u202e", status=200)
    finally:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
    written = capsys.readouterr().err
    assert "/v1/\\u009b2J\\u202e" in written
    assert [character for character in "\x9b\u202e" if character in written] == []

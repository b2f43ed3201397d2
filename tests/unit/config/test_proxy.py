"""``[engines.NAME.proxy]``: what is refused, and that its password is a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import assembly, config

from .test_load import HR, by_message, load, refused

PROXY = "[engines.hr.proxy]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    by_message(
        *(
            (PROXY + f'url = "{url}"', "engines.hr.proxy.url: http://HOST:PORT, without user and path")
            for url in ("proxy:3128", "https://proxy", "http://me:pw@proxy", "http://proxy/path", "http://proxy:0")
        ),
        (PROXY + 'username = "me"\npassword = "env:P"', "engines.hr.proxy.url: username needs it"),
        (PROXY + 'url = "http://p"\nusername = "me"', "engines.hr.proxy.password: username needs it"),
        (PROXY + 'url = "http://p"\npassword = "env:P"', "engines.hr.proxy.username: password needs it"),
        (PROXY + 'url = "http://p"\nusername = "m:e"\npassword = "env:P"', "engines.hr.proxy.username: has no colon"),
        (
            PROXY + 'url = "http://p"\nusername = "me"\npassword = "literal"',
            "engines.hr.proxy.password: a secret is env:NAME or file:PATH, never literal",
        ),
    ),
)
def test_table_that_cannot_be_used_is_refused_by_key_path(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, HR + text) == said


def test_password_is_resolved_and_not_shown(tmp_path: Path) -> None:
    text = HR + PROXY + 'url = "http://p:3128"\nusername = "me"\npassword = "env:P"'
    read = config.resolve(load(tmp_path, text), {"P": "hunter2"})
    settings = assembly.client_settings(read.engines["hr"])
    assert settings.proxy is not None
    assert (settings.proxy.username, settings.proxy.password) == ("me", "hunter2")
    assert "hunter2" not in repr((read, settings))

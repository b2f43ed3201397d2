"""Secrets: references until they are resolved, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app, assembly, config
from gateway.config import Config, ConfigError

from .test_load import HR, caller, load, refused

SECRET = "hunter2-wxyz"
BASIC = '[engines.hr.auth]\nkind = "basic"\nusername = "demo"\npassword = "{}"\n'


def everything(tmp_path: Path) -> Config:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    text = '[store]\nurl = "env:STORE"\n' + HR + BASIC.format("env:HR_PASSWORD")
    text += caller(f'basic = {{username = "u", password = "file:{path}"}}')
    return config.resolve(
        load(tmp_path, text), {"HR_PASSWORD": SECRET, "STORE": f"postgresql+psycopg://u:{SECRET}@db/x"}
    )


def test_references_of_every_kind_are_resolved(tmp_path: Path) -> None:
    read = everything(tmp_path)

    assert read.engines["hr"].auth.password == SECRET
    assert read.auth.callers[0].basic is not None
    assert read.auth.callers[0].basic.password == SECRET
    assert read.store.url == f"postgresql+psycopg://u:{SECRET}@db/x"


def test_resolved_secret_is_never_shown(tmp_path: Path) -> None:
    read = everything(tmp_path)

    assert SECRET not in repr(read)
    assert SECRET not in str(read)
    assert SECRET not in repr(assembly.engine(app.VENDORS["camunda7"], "hr", read.engines["hr"]).credentials)


def test_of_a_file_one_line_feed_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(" with spaces \n")

    read = config.resolve(load(tmp_path, HR + BASIC.format(f"file:{path}")), {})

    assert read.engines["hr"].auth.password == " with spaces "


def test_environment_without_the_name_is_refused_by_key_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = config.resolve(load(tmp_path, HR + BASIC.format("env:GONE")), {})

    assert str(caught.value) == f"{tmp_path / 'gateway.toml'}: engines.hr.auth.password: the environment has no GONE"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not-utf8"])
def test_file_that_cannot_be_read_is_refused_by_key_path(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    read = load(tmp_path, HR + BASIC.format(f"file:{path}"))

    with pytest.raises(ConfigError, match=r"engines\.hr\.auth\.password: the file cannot be read"):
        _ = config.resolve(read, {})


@pytest.mark.parametrize("secret", ["", "hunter2\n", "\x00"], ids=["empty", "line-end", "nul"])
def test_secret_that_is_empty_or_has_a_line_end_in_it_is_refused_and_not_shown(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(secret.encode() + b"\n")
    for reference in ("env:P", f"file:{path}"):
        with pytest.raises(ConfigError) as caught:
            _ = config.resolve(load(tmp_path, HR + BASIC.format(reference)), {"P": secret})
        assert str(caught.value).endswith(
            "engines.hr.auth.password: the secret is empty, or has a line end or another control character in it"
        )


def test_path_that_no_file_can_have_is_refused_by_key_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engines\.hr\.auth\.password: the file cannot be read"):
        _ = config.resolve(load(tmp_path, HR + BASIC.format("file:a\\u0000b")), {})


@pytest.mark.parametrize(
    "literal",
    [SECRET, "", "env:", "file:", f"ENV:{SECRET}", f" env:{SECRET}"],
    ids=["literal", "empty", "env-of-nothing", "file-of-nothing", "upper-case", "space-before"],
)
@pytest.mark.parametrize(
    ("text", "path"),
    [
        (HR + BASIC, "engines.hr.auth.password"),
        (HR + '[engines.hr.auth]\nkind = "bearer"\ntoken = "{}"', "engines.hr.auth.token"),
        (caller('basic = {{username = "u", password = "{}"}}'), "auth.callers[0].basic.password"),
    ],
    ids=["basic", "bearer", "caller"],
)
def test_literal_secret_is_refused_and_not_repeated(tmp_path: Path, text: str, path: str, literal: str) -> None:
    assert refused(tmp_path, text.format(literal)) == f"{path}: a secret is env:NAME or file:PATH, never literal"


def test_literal_secret_of_the_environment_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = refused(tmp_path, HR + BASIC.format("env:P"), VARBRIDGE__ENGINES__HR__AUTH__PASSWORD=SECRET)

    assert "never literal" in said
    assert SECRET not in said


def test_caller_by_jwt_loads_with_its_defaults(tmp_path: Path) -> None:
    given = 'jwt = {issuer = "https://id.example", audience = "a", jwks_url = "https://id.example/keys"}'

    jwt = load(tmp_path, caller(given)).auth.callers[0].jwt

    assert jwt is not None
    assert (jwt.algorithms, jwt.leeway_s, jwt.claims) == (("RS256", "ES256"), 30.0, {})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:MARKER@db/x",
        "sqlite://",
        "postgresql://u:MARKER@db/x",
        "store.db",
        "sqlite:///a\x00b",
        "postgresql+psycopg://u:MARKER@db:port/x",
    ],
    ids=["mysql", "no-file", "no-driver", "no-scheme", "nul", "no-port"],
)
def test_url_of_no_store_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('[store]\nurl = "env:STORE"\n')
    with pytest.raises(ConfigError) as refused:
        _ = config.resolve(config.load(path, {}, app.VENDORS), {"STORE": url})
    assert "store.url" in str(refused.value)
    assert "MARKER" not in str(refused.value)

"""``[engines.NAME.auth]``: what each kind needs, and what has no meaning with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import app, assembly, config

from .test_load import HR, by_message, load, refused

OAUTH2 = '[engines.hr.auth]\nkind = "oauth2"\ntoken_url = "https://id/t"\nclient_id = "c"\nclient_secret = "env:S"\n'
CLAIMS = (
    '[engines.claims]\nvendor = "ibm_bpm"\nurl = "https://c/rest/bpm/wle/v1"\n[engines.claims.auth]\nkind = "zen"\n'
)
EXCHANGE = CLAIMS + 'username = "u"\npassword = "env:P"\ntoken_url = "https://iam/t"\nexchange_url = "https://zen/a"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    by_message(
        (HR + OAUTH2.replace('token_url = "https://id/t"\n', ""), "engines.hr.auth.token_url: oauth2 needs it"),
        (HR + OAUTH2.replace('client_id = "c"\n', ""), "engines.hr.auth.client_id: oauth2 needs it"),
        (HR + OAUTH2.replace('client_secret = "env:S"\n', ""), "engines.hr.auth.client_secret: oauth2 needs it"),
        (
            HR + OAUTH2.replace("env:S", "literal"),
            "engines.hr.auth.client_secret: a secret is env:NAME or file:PATH, never literal",
        ),
        (
            HR + OAUTH2.replace("https://id", "ftp://id"),
            "engines.hr.auth.token_url: an http or https URL without user, query and fragment",
        ),
        (
            HR + OAUTH2.replace("https://id", "https://me:secret@id"),
            "engines.hr.auth.token_url: an http or https URL without user, query and fragment",
        ),
        (
            HR + OAUTH2 + 'exchange_url = "https://a"',
            "engines.hr.auth.exchange_url: has no meaning with the kind oauth2",
        ),
        (
            HR + '[engines.hr.auth]\nkind = "bearer"\ntoken = "env:T"\nscope = "a"',
            "engines.hr.auth.scope: has no meaning with the kind bearer",
        ),
        (CLAIMS + 'username = "u"\n', "engines.claims.auth.token: zen needs it"),
        (CLAIMS + 'username = "u"\npassword = "env:P"\n', "engines.claims.auth.token_url: zen needs it"),
        (
            EXCHANGE.replace('exchange_url = "https://zen/a"\n', ""),
            "engines.claims.auth.exchange_url: zen needs it",
        ),
        (
            EXCHANGE + 'token = "env:K"',
            "engines.claims.auth.token: zen takes either it or exchange_url, password, token_url",
        ),
    ),
)
def test_keys_that_do_not_fit_the_kind_are_refused_by_key_path(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == said


def test_secret_of_the_client_is_resolved_and_not_shown(tmp_path: Path) -> None:
    read = config.resolve(load(tmp_path, HR + OAUTH2 + 'scope = "a b"\n'), {"S": "hunter2"})
    credentials = assembly.engine(app.VENDORS["camunda7"], "hr", read.engines["hr"]).credentials
    assert (credentials.token_url, credentials.client_id, credentials.client_secret, credentials.scope) == (
        "https://id/t",
        "c",
        "hunter2",
        "a b",
    )
    assert "hunter2" not in repr((read, credentials))


def test_both_ways_of_zen_load(tmp_path: Path) -> None:
    assert load(tmp_path, EXCHANGE).engines["claims"].auth.exchange_url == "https://zen/a"
    by_key = load(tmp_path, CLAIMS + 'username = "u"\ntoken = "env:K"\n')
    assert by_key.engines["claims"].auth.token == "env:K"

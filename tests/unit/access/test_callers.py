"""Credentials as clients really send them."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.access import Access
from gateway.access.callers import CallerEntry
from gateway.errors import Unauthenticated

ACCESS = Access((CallerEntry(name="worker", basic_username="worker", basic_password="wörker:1"),))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_basic_pair_is_read_in_either_encoding(encoding: str) -> None:
    pair = base64.b64encode("worker:wörker:1".encode(encoding)).decode()
    assert ACCESS.identify({"Authorization": f"Basic {pair}"}).name == "worker"


@pytest.mark.parametrize(
    "pair",
    ["", "!", "d29ya2Vy", base64.b64encode(b"worker:w\xf6rker:2").decode()],
    ids=["empty", "not-base64", "no-password", "wrong-password"],
)
def test_basic_pair_that_is_wrong_is_refused(pair: str) -> None:
    with pytest.raises(Unauthenticated):
        ACCESS.identify({"Authorization": f"Basic {pair}"})


FORWARD = 'let the engine check them (`auth.kind = "forward"` of the engine, and a caller with `forward = true` that says what they may do)'
KEYED = CallerEntry(name="keyed", key_sha256="2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")
SIGNED = "eyJhbGciOiJub25lIn0.e30.c2ln"


class NoTokens:
    async def find_caller(self, token: str):
        raise Unauthenticated("The token is not good here.")


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        pytest.param(
            {"Authorization": "Basic eDp5"},
            f"No caller with Basic credentials is configured here: {FORWARD}, or configure a caller with `basic`.",
            id="basic",
        ),
        pytest.param(
            {"Authorization": "Basic !"},
            f"No caller with Basic credentials is configured here: {FORWARD}, or configure a caller with `basic`.",
            id="basic-that-cannot-be-read",
        ),
        pytest.param(
            {"Authorization": "Bearer secret"},
            f"No caller with an API key is configured here: {FORWARD}, or configure a caller with `key_sha256`.",
            id="bearer",
        ),
        pytest.param(
            {"Authorization": f"Bearer {SIGNED}"},
            f"No caller with signed tokens is configured here: {FORWARD}, or configure a caller with `jwt`.",
            id="signed-token",
        ),
        pytest.param(
            {"X-Api-Key": "secret"},
            "No caller with an API key is configured here: configure a caller with `key_sha256`, "
            "or leave `X-Api-Key` out.",
            id="x-api-key",
        ),
        pytest.param(
            {"Authorization": "Negotiate YII="},
            f"This kind of credentials is not known here: send Bearer or Basic, or {FORWARD}.",
            id="unknown-scheme",
        ),
    ],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
async def test_credentials_of_a_kind_that_no_caller_has_are_refused_with_the_ways_out(
    headers: dict[str, str], detail: str, is_open: bool
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        _ = await Access(open=is_open).recognise(headers, forwards=False)
    assert (caught.value.detail, caught.value.status) == (detail, 401)
    assert dict(caught.value.headers) == {"WWW-Authenticate": 'Bearer realm="varbridge", Basic realm="varbridge"'}


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        pytest.param({"Authorization": "Basic eDp5"}, "User name or password is wrong.", id="basic"),
        pytest.param({"Authorization": "Basic !"}, "The Basic credentials cannot be read.", id="basic-garbage"),
        pytest.param({"Authorization": "Bearer other"}, "The key is not known.", id="bearer"),
        pytest.param({"X-Api-Key": "other"}, "The key is not known.", id="x-api-key"),
        pytest.param({"Authorization": f"Bearer {SIGNED}"}, "The token is not good here.", id="signed-token"),
        pytest.param({}, "Credentials are needed.", id="none"),
    ],
)
async def test_wrong_credentials_of_a_kind_that_callers_have_are_called_wrong(
    headers: dict[str, str], detail: str
) -> None:
    basic = CallerEntry(name="worker", basic_username="worker", basic_password="p")
    with pytest.raises(Unauthenticated) as caught:
        _ = await Access((basic, KEYED), NoTokens()).recognise(headers, forwards=False)
    assert caught.value.detail == detail


async def test_key_that_looks_like_a_signed_token_is_known_as_a_key() -> None:
    keyed = CallerEntry(name="dotted", key_sha256=hashlib.sha256(SIGNED.encode()).hexdigest())
    caller, ours = await Access((keyed,)).recognise({"Authorization": f"Bearer {SIGNED}"}, forwards=False)
    assert (caller.name, ours) == ("dotted", True)

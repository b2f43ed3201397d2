"""Callers by JWT: only a token that is signed, meant for us, in time and with the claims asked for is good."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.access import Access, CallerEntry, TokenEntry, Tokens
from gateway.errors import Unauthenticated
from tests.until import rounds

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
ENTRY = TokenEntry(
    caller=CallerEntry(name="portal", scopes=frozenset({"variables:read"})),
    issuer="https://issuer",
    audience="varbridge",
    jwks_url="https://issuer/keys",
    claims={"azp": "portal"},
)


def published(*keys: tuple[str, Any]) -> bytes:
    algorithms = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
    }
    shown = []
    for kid, key in keys:
        kind = next(algorithm for cls, algorithm in algorithms.items() if isinstance(key, cls))
        shown.append({**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig"})
    return json.dumps({"keys": shown}).encode()


class Issuer:
    def __init__(self, document: bytes) -> None:
        self.document, self.fetches = document, 0

    async def fetch(self, url: str) -> bytes:
        assert url == "https://issuer/keys"
        self.fetches += 1
        if self.document == b"down":
            raise OSError("down")
        return self.document


def token(key: Any = KEY, kid: str | None = "a", algorithm: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": "https://issuer", "aud": "varbridge", "exp": now + 60, "azp": "portal", **claims}
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def access(issuer: Issuer, *more: CallerEntry) -> Access:
    return Access(more, Tokens((ENTRY,), issuer.fetch))


async def recognised(issuer: Issuer, text: str, *more: CallerEntry, forwards: bool = False) -> str:
    caller, _ = await access(issuer, *more).recognise({"Authorization": f"Bearer {text}"}, forwards=forwards)
    return caller.name


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"),
    [(KEY, "a", "RS256"), (CURVE, "c", "ES256"), (KEY, None, "RS256")],
    ids=["rsa", "curve", "no-key-named"],
)
async def test_good_token_is_the_callers(key: Any, kid: str | None, algorithm: str) -> None:
    issuer = Issuer(published(("a", KEY), ("c", CURVE)))
    assert await recognised(issuer, token(key, kid, algorithm)) == "portal"


PAST = int(time.time()) - 1000
BAD = {
    "another key": token(OTHER),
    "another issuer": token(iss="https://other"),
    "another audience": token(aud="other"),
    "no audience": token(aud=None),
    "expired": token(exp=PAST),
    "no expiry": token(exp=None),
    "not yet": token(nbf=int(time.time()) + 1000),
    "another claim": token(azp="other"),
    "no claim": token(azp=None),
    "unsigned": jwt.encode({"iss": "https://issuer", "aud": "varbridge"}, None, algorithm="none"),
    "shared secret": token("s" * 32, algorithm="HS256"),
    "algorithm that is not allowed": token(algorithm="RS512"),
    "garbage": "a.b.c",
    "too long": token(note="x" * 20_000),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        _ = await recognised(Issuer(published(("a", KEY))), BAD[name])


@pytest.mark.parametrize(
    "document",
    [b"down", b"{", b"{}", b'{"keys": 5}', b'{"keys": [{"kty": "?"}]}'],
    ids=["down", "not-json", "no-keys", "keys-no-list", "unknown-kind-of-key"],
)
async def test_keys_that_cannot_be_had_refuse_the_token(document: bytes) -> None:
    with pytest.raises(Unauthenticated):
        _ = await recognised(Issuer(document), token())


async def test_keys_are_fetched_once_and_unknown_ones_cause_no_flood() -> None:
    issuer = Issuer(published(("a", KEY)))
    known = access(issuer)
    for _ in range(5):
        caller, ours = await known.recognise({"Authorization": f"Bearer {token()}"}, forwards=False)
        assert (caller.name, ours) == ("portal", True)
        with pytest.raises(Unauthenticated):
            _ = await known.recognise({"Authorization": f"Bearer {token(kid='made-up')}"}, forwards=False)
    assert issuer.fetches == 1


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("gateway.access.tokens.monotonic", made)
    return made


class SlowIssuer(Issuer):
    """Answers when it is let."""

    def __init__(self, document: bytes) -> None:
        super().__init__(document)
        self.go = asyncio.Event()

    async def fetch(self, url: str) -> bytes:
        document = await super().fetch(url)
        await self.go.wait()
        return document


async def known_by(known: Access, text: str) -> str | None:
    try:
        caller, _ = await known.recognise({"Authorization": f"Bearer {text}"}, forwards=False)
    except Unauthenticated:
        return None
    return caller.name


async def test_new_key_is_fetched_once_for_all_who_come_with_it_and_old_ones_are_good_while_listed(
    clock: Clock,
) -> None:
    issuer = SlowIssuer(published(("a", KEY)))
    issuer.go.set()
    known = access(issuer)
    assert await known_by(known, token()) == "portal"
    issuer.document = published(("a", KEY), ("b", OTHER))
    issuer.go.clear()
    clock.now += 11
    waiting = [asyncio.create_task(known_by(known, token(OTHER, "b"))) for _ in range(50)]
    await rounds(10)
    assert await known_by(known, token()) == "portal"  # a known key waits for nobody
    issuer.go.set()
    assert (await asyncio.gather(*waiting), issuer.fetches) == (["portal"] * 50, 2)
    issuer.document = published(("b", OTHER))
    clock.now += 601
    assert [await known_by(known, each) for each in (token(OTHER, "b"), token())] == ["portal", None]
    assert issuer.fetches == 3


async def test_old_keys_are_fetched_by_one_request_and_others_go_on_with_them(clock: Clock) -> None:
    issuer = SlowIssuer(published(("a", KEY)))
    issuer.go.set()
    known = access(issuer)
    assert await known_by(known, token()) == "portal"
    issuer.go.clear()
    clock.now += 601
    first = asyncio.create_task(known_by(known, token()))
    await rounds(10)
    assert [await known_by(known, token()) for _ in range(5)] == ["portal"] * 5
    assert (first.done(), issuer.fetches) == (False, 2)
    issuer.go.set()
    assert await first == "portal"


async def test_issuer_that_is_down_leaves_known_keys_good_and_is_not_asked_by_each_request(clock: Clock) -> None:
    issuer = Issuer(published(("a", KEY)))
    known = access(issuer)
    assert await known_by(known, token()) == "portal"
    issuer.document = b"down"
    clock.now += 601
    assert [await known_by(known, token()) for _ in range(5)] == ["portal"] * 5
    assert issuer.fetches == 2


async def test_made_up_keys_are_asked_for_once_in_a_while(clock: Clock) -> None:
    issuer = Issuer(published(("a", KEY)))
    known = access(issuer)
    for _ in range(30):
        assert await known_by(known, token(kid="made-up")) is None
        clock.now += 1.0
    assert issuer.fetches == 3


async def test_keys_that_were_fetched_are_kept_over_a_reload() -> None:
    issuer = Issuer(published(("a", KEY)))
    before = Tokens((ENTRY,), issuer.fetch)
    assert await known_by(Access((), before), token()) == "portal"
    after = Tokens((ENTRY,), issuer.fetch, before)
    assert (await known_by(Access((), after), token()), issuer.fetches) == ("portal", 1)


async def test_token_of_another_issuer_is_for_the_engine_where_it_is_told_who_calls() -> None:
    anybody = CallerEntry(name="anybody", forward=True)
    issuer = Issuer(published(("a", KEY)))
    assert await recognised(issuer, token(iss="https://other"), anybody, forwards=True) == "anybody"
    assert await recognised(issuer, token(), anybody, forwards=True) == "portal"


async def test_api_key_beside_tokens_is_known() -> None:
    digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
    keyed = CallerEntry(name="keyed", key_sha256=digest)
    assert await recognised(Issuer(b"down"), "secret", keyed) == "keyed"

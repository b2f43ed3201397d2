"""Callers by client certificate: whose subject it is, and what becomes of credentials beside it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.access import Access, CallerEntry, parse_subject
from gateway.access.certificates import subject_of
from gateway.errors import Unauthenticated
from tests.authority import Authority

SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
PORTAL = CallerEntry(name="portal", certificate_subject="CN=portal,O=Example")
OWN_KEY = CallerEntry(name="portal", key_sha256=SECRET)
OTHERS_KEY = CallerEntry(name="batch", key_sha256=SECRET)
FORWARD = CallerEntry(name="anybody", forward=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def der(authority: Authority, subject: str) -> bytes:
    pem = Path(authority.sign(subject).certificate).read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("written", "is_same"),
    [
        ("CN=portal,OU=a+L=b,O=Example", True),
        ("cn=portal,l=b+ou=a,o=Example", True),
        ("2.5.4.3=portal,OU=a+L=b,2.5.4.10=Example", True),
        (r"CN=p\6frtal,OU=a+L=b,O=Example", True),
        ("O=Example,OU=a+L=b,CN=portal", False),
        ("CN=portal,OU=a,L=b,O=Example", False),
        ("CN=Portal,OU=a+L=b,O=Example", False),
        ("CN=portal,OU=a+L=b", False),
        ("CN=portal", False),
        (r"CN=portal\ ,OU=a+L=b,O=Example", False),
    ],
    ids=[
        "as written",
        "lower case, parts of a part swapped",
        "numbers",
        "escaped",
        "reversed",
        "one part as two",
        "case of a value",
        "a part less",
        "common name alone",
        "space",
    ],
)
def test_subject_is_compared_as_a_name(authority: Authority, written: str, is_same: bool) -> None:
    assert (parse_subject(written) == subject_of(der(authority, "CN=portal,OU=a+L=b,O=Example"))) is is_same


def test_certificate_that_cannot_be_read_has_no_subject() -> None:
    assert subject_of(b"no certificate") == ()


@pytest.mark.parametrize("text", ["", "portal", "CN", "CN=a;O=b", "NOPE=a", "CN=a,"], ids=repr)
def test_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 4514"):
        _ = parse_subject(text)


async def recognised(
    certificate: bytes | None, *callers: CallerEntry, forwards: bool = False, is_open: bool = False, **headers: str
) -> tuple[str, bool]:
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    access = Access((PORTAL, *callers), open=is_open)
    caller, is_ours = await access.recognise(sent, forwards=forwards, certificate=certificate)
    return caller.name, is_ours


async def test_certificate_alone_makes_the_caller(authority: Authority) -> None:
    assert await recognised(der(authority, "CN=portal,O=Example")) == ("portal", True)


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
async def test_certificate_of_nobody_is_refused_even_where_everybody_may_call(
    authority: Authority, is_open: bool
) -> None:
    with pytest.raises(Unauthenticated, match="subject of the client certificate"):
        _ = await recognised(der(authority, "CN=other"), is_open=is_open)


async def test_without_certificates_callers_they_are_no_credentials(authority: Authority) -> None:
    access = Access((), open=True)
    caller, _ = await access.recognise({}, forwards=False, certificate=der(authority, "CN=other"))
    assert caller.name == "anonymous"


async def test_credentials_of_the_same_caller_beside_it_are_good(authority: Authority) -> None:
    shown = der(authority, "CN=portal,O=Example")
    assert await recognised(shown, OWN_KEY, X_Api_Key="secret") == ("portal", True)


async def test_credentials_of_another_caller_beside_it_are_refused(authority: Authority) -> None:
    shown = der(authority, "CN=portal,O=Example")
    with pytest.raises(Unauthenticated, match="another's"):
        _ = await recognised(shown, OTHERS_KEY, X_Api_Key="secret")


@pytest.mark.parametrize(
    "headers",
    [{"X_Api_Key": "wrong"}, {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}],
    ids=["key", "basic"],
)
async def test_wrong_credentials_beside_it_are_refused(authority: Authority, headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        _ = await recognised(der(authority, "CN=portal,O=Example"), OTHERS_KEY, **headers)


async def test_certificate_of_nobody_leaves_it_to_the_credentials(authority: Authority) -> None:
    assert await recognised(der(authority, "CN=proxy"), OTHERS_KEY, X_Api_Key="secret") == ("batch", True)


async def test_credentials_that_only_the_engine_knows_are_the_engines_to_check(authority: Authority) -> None:
    shown = der(authority, "CN=portal,O=Example")
    found = await recognised(shown, FORWARD, forwards=True, Authorization="Basic dTpw")
    assert found == ("anybody", False)

"""TLS tables: what contradicts itself, files that cannot be used, and which files are watched."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import config
from gateway.app import VENDORS
from gateway.config import ConfigError
from tests.authority import DAY, Authority, Pair

from .test_load import HR, KEY, by_message, caller, load, refused

SERVER = '[server.tls]\ncertificate = "file:server.pem"\nkey = "server.key"\n'
SECURE = HR.replace("http:", "https:") + "[engines.hr.tls]\n"
SPEC = """
[server.tls]
certificate = "file:server.pem"
key = "file:server.key"
client_ca = ""
[engines.hr]
vendor = "camunda7"
url = "http://127.0.0.1:8081/engine-rest"
[engines.hr.tls]
ca = ""
certificate = ""
key = ""
"""


def with_client_ca(subject: str) -> str:
    return SERVER + 'client_ca = "ca.pem"\n' + caller(f'certificate = {{ subject = "{subject}" }}')


def test_tables_of_the_contract_load_although_their_files_are_not_there(tmp_path: Path) -> None:
    read = load(tmp_path, SPEC)
    assert read.server.tls is not None
    assert (read.server.tls.certificate, read.engines["hr"].tls.ca) == ("file:server.pem", "")


@pytest.mark.parametrize(
    ("text", "message"),
    by_message(
        ('[server.tls]\ncertificate = "a"', "server.tls.key: TLS needs it"),
        ('[server.tls]\nkey = "a"', "server.tls.certificate: TLS needs it"),
        ('[server.tls]\nclient_ca = "a"', "server.tls.certificate: TLS needs it"),
        ('[server.tls]\ncertificate = "env:A"\nkey = "b"', "server.tls.certificate: the path of a file"),
        ('[server.tls]\ncertificate = "a"\nkey = "file:"', "server.tls.key: the path of a file"),
        ("[server.tls]\nciphers = 1", "server.tls.ciphers: unknown key"),
        (SECURE + 'certificate = "a"', "engines.hr.tls.key: certificate needs it"),
        (SECURE + 'key = "a"', "engines.hr.tls.certificate: key needs it"),
        (SECURE + 'ca = "env:A"', "engines.hr.tls.ca: the path of a file"),
        (HR + '[engines.hr.tls]\nca = "a"', "engines.hr.tls: the engine's url is not https"),
        (caller('certificate = { subject = "CN=a" }'), "auth.callers[0].certificate: no client shows a certificate"),
        (
            SERVER + caller('certificate = { subject = "CN=a" }'),
            "auth.callers[0].certificate: no client shows a certificate",
        ),
        (with_client_ca("portal"), "auth.callers[0].certificate.subject: a name as RFC 4514 writes it"),
        (with_client_ca(""), "auth.callers[0].certificate.subject: a name as RFC 4514 writes it"),
        (with_client_ca("CN=a") + KEY, "auth.callers[0]: exactly one of key_sha256, basic, jwt, forward, certificate"),
        (
            with_client_ca("CN=a,O=b") + caller('certificate = { subject = "cn=a,2.5.4.10=b" }', "y"),
            "auth.callers: two callers have the same certificate.subject",
        ),
    ),
)
def test_tables_that_contradict_themselves_are_refused_by_key_path(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text).startswith(message)


def resolved(tmp_path: Path, tls: dict[str, str], table: str = "engine") -> config.Config:
    lines = "".join(f'{name} = "{path}"\n' for name, path in tls.items())
    text = "[server.tls]\n" + lines if table == "server" else SECURE + lines
    return config.resolve(load(tmp_path, text), {})


def of_other_key(authority: Authority) -> dict[str, str]:
    return {**authority.sign().table(), "key": str(authority.sign(file="other").key)}


def with_password(authority: Authority) -> dict[str, str]:
    pair = authority.sign()
    hidden = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    pair.key.write_bytes(hidden)
    return pair.table()


def with_text(authority: Authority, name: str) -> dict[str, str]:
    pair = authority.sign()
    Path(pair.table()[name]).write_text("text")
    return pair.table()


BAD_PAIRS = {
    "expired": (lambda made: made.sign(start=-2 * DAY, end=-DAY).table(), "certificate: expired on "),
    "future": (lambda made: made.sign(start=DAY, end=2 * DAY).table(), "certificate: not valid before "),
    "other key": (of_other_key, "key: does not fit the certificate"),
    "key with password": (with_password, "key: the key has a password"),
    "text as certificate": (lambda made: with_text(made, "certificate"), "certificate: no certificate in PEM"),
    "text as key": (lambda made: with_text(made, "key"), "key: no private key in PEM"),
    "no file": (lambda made: {**made.sign().table(), "key": "gone.key"}, "key: the file cannot be read: No such file"),
    "folder": (lambda made: {**made.sign().table(), "certificate": str(made.folder)}, "certificate: the file cannot"),
}


@pytest.mark.parametrize("table", ["server", "engine"])
@pytest.mark.parametrize("case", BAD_PAIRS)
def test_certificate_and_key_that_cannot_be_used_are_refused_by_key_path(tmp_path: Path, case: str, table: str) -> None:
    make, said = BAD_PAIRS[case]
    with pytest.raises(ConfigError) as caught:
        _ = resolved(tmp_path, make(Authority(tmp_path)), table)
    path = "server.tls" if table == "server" else "engines.hr.tls"
    assert str(caught.value).startswith(f"{tmp_path / 'gateway.toml'}: {path}.{said}")


def no_authority(authority: Authority) -> Path:
    return authority.sign("CN=portal").certificate


def text(authority: Authority) -> Path:
    authority.ca.write_text("text")
    return authority.ca


def expired(authority: Authority) -> Path:
    return authority.sign(ca=True, start=-2 * DAY, end=-DAY).certificate


BAD_AUTHORITIES = {
    "no authority": (no_authority, "the certificate of CN=portal is no authority's: it may not sign others"),
    "text": (text, "no certificate in PEM that can be read"),
    "expired": (expired, "expired on "),
}


@pytest.mark.parametrize("table", ["server", "engine"])
@pytest.mark.parametrize("case", BAD_AUTHORITIES)
def test_authority_that_is_none_is_refused_by_key_path(tmp_path: Path, case: str, table: str) -> None:
    make, said = BAD_AUTHORITIES[case]
    authority = Authority(tmp_path)
    own = authority.sign(file="own").table()
    path = str(make(authority))
    with pytest.raises(ConfigError) as caught:
        _ = resolved(tmp_path, {**own, "client_ca": path} if table == "server" else {"ca": path}, table)
    key = "server.tls.client_ca" if table == "server" else "engines.hr.tls.ca"
    assert str(caught.value).startswith(f"{tmp_path / 'gateway.toml'}: {key}: {said}")


def test_one_expired_authority_among_others_is_passed_over(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(expired(authority).read_bytes() + authority.ca.read_bytes())
    assert resolved(tmp_path, {"ca": str(both)}).engines["hr"].tls.ca == str(both)


def test_files_by_path_and_by_reference_are_the_same_and_new_content_is_another_engine(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    def tables(pair: Pair, scheme: str) -> dict[str, str]:
        return {name: scheme + path for name, path in (pair.table() | {"ca": str(authority.ca)}).items()}

    by_path = resolved(tmp_path, tables(authority.sign(), ""))
    pair = Pair(tmp_path / "server.pem", tmp_path / "server.key")
    assert by_path.engines == resolved(tmp_path, tables(pair, "file:")).engines
    assert by_path.engines["hr"] != resolved(tmp_path, tables(authority.sign(), "")).engines["hr"]


def test_files_of_tls_are_among_those_that_a_configuration_is_made_of(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[server.tls]\ncertificate = "file:{tmp_path}/a"\nkey = "{tmp_path}/b"\nclient_ca = ""\n'
        f'[engines.hr.tls]\nca = "{tmp_path}/c:c"\n'
    )
    assert set(config.referenced_files(path, {})) == {path, *(tmp_path / name for name in ("a", "b", "c:c"))}


def test_callers_certificates_of_the_contract_load(tmp_path: Path) -> None:
    read = config.parse(tomllib.loads(with_client_ca("CN=portal")), VENDORS)
    assert read.auth.callers[0].certificate is not None
    assert read.auth.callers[0].certificate.subject == "CN=portal"


def test_authority_is_for_the_issuer_of_tokens_too(tmp_path: Path) -> None:
    auth = '[engines.hr.auth]\nkind = "oauth2"\ntoken_url = "https://id/t"\nclient_id = "c"\nclient_secret = "env:S"\n'
    assert load(tmp_path, HR + auth + '[engines.hr.tls]\nca = "a"').engines["hr"].tls.ca == "a"

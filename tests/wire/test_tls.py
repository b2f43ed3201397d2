"""TLS towards engines, in real handshakes with both senders: whose certificates count, and what is said of others."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import EngineUnavailable
from gateway.plan import VendorResponse
from gateway.wire.settings import TlsSettings
from tests.authority import DAY, ELSEWHERE, Authority, Pair
from tests.wire.scripted import OK, Scripted, call, client_of, says

from .test_http1_pool import Ports, asking, request

SENDERS = ["http1", "aiohttp"]
FAILED = "TLS: the handshake with the engine failed."
REFUSED = "TLS: the engine refuses the gateway's certificate, or asks for one."


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def asked(server: ssl.SSLContext, sender: str, *, writes: bool = True, **tls: Any) -> tuple[VendorResponse, int]:
    """The answer of an engine, and how many requests it heard."""
    paths = {name: str(path) for name, path in tls.items()}
    async with (
        Ports(Scripted(says(OK)), server) as engine,
        client_of(engine.url, client=sender, tls=TlsSettings(**paths)) as client,
    ):
        return await client.run(asking(request(writes=writes)), call()), len(engine.heard)


@pytest.mark.parametrize("sender", SENDERS)
async def test_private_authority_is_trusted_where_it_is_configured(authority: Authority, sender: str) -> None:
    answer, heard = await asked(authority.sign().server(), sender, ca=authority.ca)
    assert (answer.body, heard) == (b"{}", 1)


def expired(authority: Authority) -> Pair:
    return authority.sign(start=-2 * DAY, end=-DAY)


def future(authority: Authority) -> Pair:
    return authority.sign(start=DAY, end=2 * DAY)


def of_another_host(authority: Authority) -> Pair:
    return authority.sign(subjects=ELSEWHERE)


def of_another_authority(authority: Authority) -> Pair:
    return Authority(authority.folder, "other").sign(file="others")


BAD = {
    "expired": (expired, "has expired"),
    "not yet valid": (future, "is not valid yet"),
    "another host": (of_another_host, "is that of another host"),
    "another authority": (of_another_authority, "is signed by an authority that is not trusted"),
}


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("case", BAD)
async def test_certificate_that_is_not_good_makes_the_engine_unavailable_and_says_why(
    authority: Authority, case: str, sender: str
) -> None:
    make, reason = BAD[case]
    with pytest.raises(EngineUnavailable) as caught:
        _ = await asked(make(authority).server(), sender, ca=authority.ca)
    error = caught.value
    assert (error.detail, error.outcome) == (f"TLS: the engine's certificate {reason}.", "not_applied")


class Blocking:
    """An engine on a blocking socket, which tells the other side why a handshake fails; asyncio's servers do not."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listening.getsockname()[1]}/api"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return self.url

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            with plain, contextlib.suppress(OSError):
                if self._context is None:
                    _ = plain.recv(1024)
                    plain.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                    continue
                with plain.dup() as below:
                    with contextlib.suppress(ssl.SSLError):
                        self._context.wrap_socket(plain, server_side=True).recv(1024)
                    while below.recv(
                        1024
                    ):  # closing with bytes unread would reset the connection, and the alert with it
                        pass


@pytest.mark.parametrize("sender", SENDERS)
async def test_engine_that_speaks_no_tls_says_so(authority: Authority, sender: str) -> None:
    with Blocking(None) as url:
        async with client_of(url, client=sender, tls=TlsSettings(ca=str(authority.ca))) as client:
            with pytest.raises(EngineUnavailable) as caught:
                _ = await client.run(asking(request(writes=True)), call())
    assert (caught.value.detail, caught.value.outcome) == (FAILED, "not_applied")


@pytest.mark.parametrize("sender", SENDERS)
async def test_own_certificate_is_shown_to_an_engine_that_asks(authority: Authority, sender: str) -> None:
    server, own = authority.sign().server(client_ca=authority.ca), authority.sign("CN=gateway", "gateway")
    answer, heard = await asked(server, sender, ca=authority.ca, certificate=own.certificate, key=own.key)
    assert (answer.body, heard) == (b"{}", 1)


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize(
    ("shown", "version", "detail"),
    [
        ("none", ssl.TLSVersion.TLSv1_2, FAILED),
        ("another authority's", ssl.TLSVersion.TLSv1_2, REFUSED),
        ("none", ssl.TLSVersion.TLSv1_3, REFUSED),
        ("another authority's", ssl.TLSVersion.TLSv1_3, REFUSED),
    ],
    ids=["none-1.2", "another-1.2", "none-1.3", "another-1.3"],
)
async def test_engine_that_refuses_our_certificate_has_carried_nothing_out(
    authority: Authority, shown: str, version: ssl.TLSVersion, detail: str, writes: bool, sender: str
) -> None:
    server, own = authority.sign().server(client_ca=authority.ca), of_another_authority(authority)
    server.minimum_version = server.maximum_version = version
    own_files = {} if shown == "none" else own.table()
    with Blocking(server) as url:
        async with client_of(url, client=sender, tls=TlsSettings(ca=str(authority.ca), **own_files)) as client:
            with pytest.raises(EngineUnavailable) as caught:
                _ = await client.run(asking(request(writes=writes)), call())
    assert (caught.value.detail, caught.value.outcome) == (detail, "not_applied")

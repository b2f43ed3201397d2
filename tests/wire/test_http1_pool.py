"""The http1 sender's connections: kept, shared, given up, and never used where an answer might be another's."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.errors import EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.plan import VendorRequest
from tests.until import until
from tests.wire.scripted import OK, Scripted, call, client_of, hangs_up, says


def request(name: str = "x", *, writes: bool = False, body: bytes = b"") -> VendorRequest:
    return VendorRequest(method="PUT" if writes else "GET", path=(name,), writes=writes, idempotent=True, body=body)


def asking(given: VendorRequest):
    return (yield given)


class Counting(Scripted):
    """Counts its connections, and knows which of them carried which request."""

    def __init__(self, *scripts) -> None:
        super().__init__(*scripts)
        self.connections = self.open = self.most = 0

    async def serve(self, reader, writer) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await super().serve(reader, writer)
        finally:
            self.open -= 1


async def waits(_request, writer) -> None:
    """Never answer, and go when the caller goes."""
    _ = await writer._reader.read()


class Ports:
    """``running`` for any engine, with or without TLS."""

    def __init__(self, engine: Scripted, context: ssl.SSLContext | None = None) -> None:
        self.engine, self.context, self.tasks = engine, context, set()

    async def __aenter__(self):
        async def connected(reader, writer) -> None:
            self.tasks.add(asyncio.current_task())
            await self.engine.serve(reader, writer)

        self.server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=self.context)
        scheme = "https" if self.context else "http"
        self.engine.url = f"{scheme}://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/api"
        return self.engine

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_connection_is_used_again() -> None:
    async with Ports(Counting(says(OK))) as engine, client_of(engine.url) as client:
        for _ in range(5):
            _ = await client.run(asking(request()), call())
        assert (engine.connections, len(engine.heard)) == (1, 5)


UNUSABLE = {
    "says close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
    "old version": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a second answer unasked": OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers",
    "garbage after it": OK + b"xyz",
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_connection_that_cannot_be_trusted_is_not_used_again(name: str) -> None:
    async with Ports(Counting(says(UNUSABLE[name]), says(OK))) as engine, client_of(engine.url) as client:
        bodies = [(await client.run(asking(request()), call())).body for _ in range(2)]
        assert (bodies, engine.connections) == ([b"{}", b"{}"], 2)


async def test_connection_that_speaks_unasked_is_closed() -> None:
    speak = asyncio.Event()

    async def later(_request, writer) -> None:
        writer.write(OK)
        await writer.drain()
        await speak.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers")

    async with Ports(Counting(later, says(OK))) as engine, client_of(engine.url) as client:
        _ = await client.run(asking(request()), call())
        speak.set()
        await until(lambda: not engine.open)
        assert ((await client.run(asking(request()), call())).body, engine.connections) == (b"{}", 2)


async def test_answer_before_the_whole_request_was_taken_ends_the_connection() -> None:
    class Hasty(Counting):
        async def serve(self, reader, writer) -> None:
            self.connections += 1
            _ = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" if self.connections == 1 else OK)
            await asyncio.Event().wait()

    async with Ports(Hasty(says(OK))) as engine, client_of(engine.url) as client:
        large = request(writes=True, body=b"x" * 8_000_000)
        assert (await client.run(asking(large), call())).status == 413
        assert (await client.run(asking(request()), call())).status == 200
        assert engine.connections == 2


async def test_kept_connection_that_the_engine_has_closed_costs_nobody_an_answer() -> None:
    async with Ports(Counting(says(OK, close=True), says(OK))) as engine, client_of(engine.url) as client:
        _ = await client.run(asking(request()), call())
        await until(lambda: not client._http1._pool._members)
        assert (await client.run(asking(request(writes=True)), call())).status == 200
        assert (engine.connections, len(engine.heard)) == (2, 2)


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_request_on_a_connection_that_dies_is_repeated_only_if_it_reads(writes: bool) -> None:
    async with Ports(Counting(says(OK), hangs_up, says(OK))) as engine, client_of(engine.url) as client:
        _ = await client.run(asking(request()), call())
        if writes:
            with pytest.raises(OutcomeUnknown):
                _ = await client.run(asking(request(writes=True)), call())
        else:
            assert (await client.run(asking(request()), call())).status == 200
        assert [heard.method for heard in engine.heard] == (["GET", "PUT"] if writes else ["GET"] * 3)


async def test_read_whose_answer_had_begun_is_not_repeated() -> None:
    cut = says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd", close=True)
    async with Ports(Counting(cut)) as engine, client_of(engine.url) as client:
        with pytest.raises(EngineUnavailable):
            _ = await client.run(asking(request()), call())
        assert len(engine.heard) == 1


async def test_read_is_repeated_once_and_no_more() -> None:
    async with Ports(Counting(hangs_up)) as engine, client_of(engine.url) as client:
        with pytest.raises(EngineUnavailable):
            _ = await client.run(asking(request()), call())
        assert len(engine.heard) == 2


async def test_others_that_are_idle_are_closed_when_a_kept_connection_was_dead() -> None:
    gate = asyncio.Event()

    async def together(_request, writer) -> None:
        if len(engine.heard) == 3:
            gate.set()
        await gate.wait()
        writer.write(OK)

    engine = Counting(together, together, together, hangs_up, says(OK))
    async with Ports(engine), client_of(engine.url) as client:
        _ = await asyncio.gather(*(client.run(asking(request()), call()) for _ in range(3)))
        with pytest.raises(OutcomeUnknown):
            _ = await client.run(asking(request(writes=True)), call())
        await until(lambda: not engine.open)
        assert engine.connections == 3


async def test_connections_are_at_most_the_limit_and_all_who_wait_are_served() -> None:
    async def slowly(_request, writer) -> None:
        await asyncio.sleep(0)
        writer.write(OK)

    async with Ports(Counting(slowly)) as engine, client_of(engine.url, max_connections=3) as client:
        answers = await asyncio.gather(*(client.run(asking(request()), call()) for _ in range(50)))
        assert ({answer.status for answer in answers}, engine.most, engine.connections) == ({200}, 3, 3)


async def test_slot_of_a_connection_that_was_given_up_goes_to_who_waits() -> None:
    async with Ports(Counting(waits, says(OK))) as engine, client_of(engine.url, max_connections=1) as client:
        first = asyncio.ensure_future(client.run(asking(request()), call()))
        await until(lambda: engine.heard)
        second = asyncio.ensure_future(client.run(asking(request()), call()))
        await asyncio.sleep(0)
        _ = first.cancel()
        assert (await second).status == 200
        assert (engine.connections, first.cancelled()) == (2, True)


async def test_who_gives_up_waiting_leaves_the_turn_to_others() -> None:
    go = asyncio.Event()

    async def held(_request, writer) -> None:
        await go.wait()
        writer.write(OK)

    async with Ports(Counting(held)) as engine, client_of(engine.url, max_connections=1) as client:
        tasks = [asyncio.ensure_future(client.run(asking(request(str(i))), call())) for i in range(4)]
        await until(lambda: engine.heard)
        for _ in range(3):
            await asyncio.sleep(0)
        _ = tasks[1].cancel()
        go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in done] == [False, True, False, False]
        assert [heard.target for heard in engine.heard] == ["/api/0", "/api/2", "/api/3"]


async def test_who_is_cancelled_in_its_turn_hands_the_connection_on() -> None:
    async with Ports(Counting(says(OK))) as engine, client_of(engine.url, max_connections=1) as client:
        pool = client._http1._pool
        connection = await pool.open()
        turns = [asyncio.ensure_future(pool.open()) for _ in range(2)]
        await asyncio.sleep(0)
        pool.release(connection)
        _ = turns[0].cancel()  # its turn has come in this very round of the loop
        assert await asyncio.wait_for(turns[1], 5) is connection
        assert turns[0].cancelled()


@pytest.mark.usefixtures("idle_time")
async def test_deadline_ends_the_wait_for_an_answer_and_for_a_turn() -> None:
    async with Ports(Counting(waits)) as engine, client_of(engine.url, max_connections=1) as client:
        calls = [client.run(asking(request()), call(0.1)) for _ in range(3)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in done] == [EngineTimeout] * 3
        await until(lambda: not engine.open)


@pytest.mark.usefixtures("idle_time")
async def test_idle_connection_is_closed_in_time_and_not_used_after_it() -> None:
    async with Ports(Counting(says(OK))) as engine, client_of(engine.url, keepalive_s=0.05) as client:
        _ = await asyncio.gather(*(client.run(asking(request()), call()) for _ in range(2)))
        await until(lambda: not engine.open)
        _ = await client.run(asking(request()), call())
        assert engine.open == 1


async def test_connection_that_was_idle_for_too_long_is_not_taken() -> None:
    async with Ports(Counting(says(OK))) as engine, client_of(engine.url) as client:
        _ = await client.run(asking(request()), call())
        pool = client._http1._pool
        pool._idle[0].idle_since -= 15  # the loop was busy and has swept late
        assert pool.take_idle() is None
        await until(lambda: not engine.open)


async def test_closing_the_client_closes_every_connection() -> None:
    async with Ports(Counting(says(OK))) as engine:
        async with client_of(engine.url) as client:
            _ = await asyncio.gather(*(client.run(asking(request()), call()) for _ in range(3)))
        await until(lambda: not engine.open)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "engine")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "engine.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


@pytest.mark.parametrize("trusted", [False, True])
async def test_certificate_is_checked(certificate, trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path, context = certificate
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with Ports(Counting(says(OK)), context) as engine, client_of(engine.url) as client:
        if trusted:
            assert (await client.run(asking(request(writes=True)), call())).body == b"{}"
            assert (await client.run(asking(request()), call())).body == b"{}"
            assert engine.connections == 1
        else:
            with pytest.raises(EngineUnavailable):
                _ = await client.run(asking(request(writes=True)), call())
            assert engine.heard == []

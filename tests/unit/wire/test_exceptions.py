"""Every exception of the HTTP client has its meaning (no sockets)."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aioresponses import aioresponses

from gateway.errors import EngineMisbehaved, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.plan import Call, VendorRequest
from gateway.port import Credentials, Engine
from gateway.wire import ClientSettings, EngineClient
from gateway.wire.settings import RetrySettings
from tests.wire.scripted import Observer

KEY = aiohttp.client_reqrep.ConnectionKey("engine", 80, False, True, None, None, None)
UNSENT, CUT, BAD = EngineUnavailable, EngineUnavailable, EngineMisbehaved
TABLE = [
    (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), UNSENT, UNSENT),
    (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), UNSENT, UNSENT),
    (aiohttp.ConnectionTimeoutError(), UNSENT, UNSENT),
    (aiohttp.InvalidURL("x"), UNSENT, UNSENT),
    (aiohttp.ServerDisconnectedError(), CUT, OutcomeUnknown),
    (aiohttp.ClientOSError(104, "reset"), CUT, OutcomeUnknown),
    (ConnectionResetError(), CUT, OutcomeUnknown),
    (aiohttp.ClientPayloadError(), CUT, OutcomeUnknown),
    (aiohttp.SocketTimeoutError(), EngineTimeout, OutcomeUnknown),
    (aiohttp.ClientResponseError(None, (), message="bad"), BAD, OutcomeUnknown),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(
    ("raised", "read", "write"), TABLE, ids=lambda each: getattr(each, "__name__", type(each).__name__)
)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_exception_is_translated(raised: Exception, read: type, write: type, writes: bool) -> None:
    settings = ClientSettings(url="http://engine/api", client="aiohttp", retry=RetrySettings(attempts=1))
    client = EngineClient(Engine("hr", None, Credentials()), settings, Observer())
    await client.start()

    def plan():
        return (yield VendorRequest(method="GET", path=("x",), writes=writes, idempotent=True))

    try:
        with aioresponses() as mocked:
            mocked.get("http://engine/api/x", exception=raised, repeat=True)
            with pytest.raises(write if writes else read) as failed:
                _ = await client.run(plan(), Call(deadline=asyncio.get_running_loop().time() + 5, request_id="r"))
        assert (failed.type, failed.value.engine) == (write if writes else read, "hr")
        assert failed.value.__cause__ is raised
    finally:
        await client.close()

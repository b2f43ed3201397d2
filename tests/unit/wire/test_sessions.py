"""Sessions in time: renewed ahead of their end by one, used until they end, and left alone while nobody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.errors import EngineTimeout, EngineUnavailable
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.port import Credentials, Engine, Session, TokenRequest
from gateway.wire.sessions import Sessions
from tests.simulated_clock import let_pass, run_simulated

LIFETIME_S = 1000.0


class Tokens(Engine):
    """Logs in by a token; the issuer numbers them."""

    needs_session = True
    lifetime_s: float | None = LIFETIME_S

    def log_in(self):
        answer = yield TokenRequest(url="http://issuer/token")
        return Session((("Authorization", answer.content().decode()),), self.lifetime_s)


class Site:
    """Sessions of an engine, and an issuer that takes a second."""

    def __init__(self, lifetime_s: float | None = LIFETIME_S) -> None:
        engine = Tokens("hr", None, Credentials())
        engine.lifetime_s = lifetime_s
        self.sessions = Sessions(engine, self.never, self.issue)
        self.asked_at: list[float] = []
        self.takes_s, self.is_down = 1.0, False

    async def never(self, request: VendorRequest, call: Call) -> VendorResponse:
        raise AssertionError("the engine is not asked for a token")

    async def issue(self, request: TokenRequest, wait_s: float) -> VendorResponse:
        self.asked_at.append(asyncio.get_running_loop().time())
        number = len(self.asked_at)
        await let_pass(min(self.takes_s, wait_s))
        if self.is_down or wait_s < self.takes_s:
            raise EngineUnavailable("The token endpoint cannot be reached.", engine="hr")
        return VendorResponse(200, body=b"%d" % number)

    async def token(self, budget_s: float = 60.0) -> str:
        """The token that a request is sent with now."""

        async def send(session: Session) -> str:
            return session.headers[0][1]

        call = Call(deadline=asyncio.get_running_loop().time() + budget_s, request_id="r")
        return await self.sessions.exchange(send, lambda _: False, call, repeatable=True)


def at(seconds: float) -> Awaitable[None]:
    return let_pass(seconds - asyncio.get_running_loop().time())


def simulated(work: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await work()

    run_simulated(run())


def test_session_is_renewed_ahead_by_one_while_the_others_go_on_with_it() -> None:
    async def work() -> None:
        site = Site()
        assert await site.token() == "1"
        await at(799)
        assert (await site.token(), site.asked_at) == ("1", [0.0])
        await at(800)
        assert await asyncio.gather(*(site.token() for _ in range(20))) == ["1"] * 20
        await at(802)
        assert (await site.token(), site.asked_at) == ("2", [0.0, 800.0])

    simulated(work)


def test_session_is_not_renewed_while_nobody_asks_and_is_not_used_after_its_end() -> None:
    async def work() -> None:
        site = Site()
        assert await site.token() == "1"
        await at(994)
        assert site.asked_at == [0.0]
        await at(995)
        assert (await site.token(), site.asked_at) == ("2", [0.0, 995.0])

    simulated(work)


def test_renewal_that_fails_leaves_the_session_in_use_until_it_ends_and_pauses() -> None:
    async def work() -> None:
        site = Site()
        assert await site.token() == "1"
        site.is_down = True
        await at(800)
        while asyncio.get_running_loop().time() < 830:
            assert await site.token() == "1"
            await let_pass(0.5)
        assert site.asked_at == [0.0, 800.0, 811.0, 822.0]
        await at(996)
        with pytest.raises(EngineUnavailable):
            _ = await site.token()
        site.is_down = False
        assert await site.token() == "6"

    simulated(work)


def test_session_of_unknown_lifetime_is_kept_until_an_answer_says_that_it_is_over() -> None:
    async def work() -> None:
        site = Site(lifetime_s=None)
        await site.token()
        await at(1e6)
        assert (await site.token(), site.asked_at) == ("1", [0.0])

    simulated(work)


def test_short_session_is_used_for_most_of_its_life() -> None:
    async def work() -> None:
        site = Site(lifetime_s=10.0)
        assert await site.token() == "1"
        await at(7.9)
        assert (await site.token(), site.asked_at) == ("1", [0.0])
        await at(8.9)
        assert await site.token() == "1"
        await at(9.95)
        assert (await site.token(), site.asked_at) == ("2", [0.0, 8.9])

    simulated(work)


def test_request_waits_for_somebody_elses_log_in_no_longer_than_it_may() -> None:
    async def work() -> None:
        site = Site()
        site.takes_s = 30.0
        first = asyncio.ensure_future(site.token())
        await at(1)
        with pytest.raises(EngineTimeout) as caught:
            _ = await site.token(budget_s=2.0)
        assert (asyncio.get_running_loop().time(), caught.value.outcome) == (3.0, "not_applied")
        assert await first == "1"

    simulated(work)


def test_log_in_that_fails_fails_for_all_who_waited_for_it_and_the_next_one_tries_again() -> None:
    async def work() -> None:
        site = Site()
        site.is_down = True
        outcomes = await asyncio.gather(*(site.token() for _ in range(20)), return_exceptions=True)
        assert {(type(each), str(each)) for each in outcomes} == {
            (EngineUnavailable, "The token endpoint cannot be reached.")
        }
        assert (len(set(map(id, outcomes))), site.asked_at) == (20, [0.0])
        site.is_down = False
        assert (await site.token(), site.asked_at) == ("2", [0.0, 1.0])

    simulated(work)


def test_log_in_of_a_request_that_had_no_time_says_nothing_to_the_others() -> None:
    async def work() -> None:
        site = Site()
        hasty, patient = await asyncio.gather(site.token(budget_s=0.5), site.token(), return_exceptions=True)
        assert (type(hasty), patient, site.asked_at) == (EngineUnavailable, "2", [0.0, 0.5])

    simulated(work)


def test_renewal_under_way_ends_with_the_client() -> None:
    async def work() -> None:
        site = Site()
        _ = await site.token()
        site.takes_s = 1000.0
        await at(800)
        assert await site.token() == "1"
        await let_pass(1)
        await site.sessions.close()
        assert len(asyncio.all_tasks()) == 1

    simulated(work)

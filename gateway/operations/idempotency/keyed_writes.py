"""Idempotency keys: a write that carries one is applied once, whatever happens to the caller, to us or to the engine.

A key is looked up first, and claimed under the write lock, directly before the first request that may write. What ends
with nothing applied frees the key: the same request may be tried again, or be corrected. Every other answer is stored
and given again. A write whose outcome is unknown is settled by reading back; it is never sent a second time. A keyed
write costs two commits, the claim and the answer, which it shares with others that wait at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeAlias

import msgspec

from gateway.errors import IdempotencyKeyReused, InstanceNotFound, RequestInProgress, StoreUnavailable, VarbridgeError
from gateway.model.commands import ListVariables
from gateway.model.idempotency import Claim, KeyRecord, StoredAnswer
from gateway.operations.gateway import Gateway
from gateway.operations.idempotency import intents
from gateway.plan import Call, WriteLease

Ident: TypeAlias = tuple[str, str]
_MARGIN = 0.1
"""Part of a claim's life that is not used, as of a lease of a write lock."""
_SWEEP_S = 600.0
_SOON = (("Retry-After", "1"),)
_decoder = msgspec.json.Decoder(StoredAnswer)


class KeyRecords(Protocol):
    """The keys, in the store."""

    life_s: float

    async def find(self, ident: Ident) -> KeyRecord | None:
        """Return what is known of a key."""
        ...

    async def claim(self, claim: Claim) -> bool:
        """Claim a key; return whether it was free."""
        ...

    async def renew(self, idents: Iterable[Ident]) -> frozenset[Ident]:
        """Renew claims; return those that are still ours."""
        ...

    async def keep_answer(self, ident: Ident, state: str, answer: bytes) -> None:
        """Store an answer."""
        ...

    async def free(self, ident: Ident) -> None:
        """Forget a claim of ours."""
        ...

    async def abandon(self, ident: Ident) -> bool:
        """End a claim that has run out; False if it has not."""
        ...

    async def settle(self, ident: Ident, answer: bytes) -> bytes:
        """Store what was found out; return what is stored."""
        ...

    async def sweep(self) -> None:
        """Forget what is old."""
        ...


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A keyed request: whose key, and the digest of all that makes it what it is."""

    ident: Ident
    fingerprint: bytes


class WriteEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a write ended: what the caller is told, and what is known of the write."""

    answer: StoredAnswer
    outcome: str


class Replayed(msgspec.Struct, frozen=True):
    """The answer of an earlier request with the same key."""

    answer: StoredAnswer


class Idempotency:
    """The keys that this process works on.

    Args:
        unsettled: gives the final answer for a write that cannot be settled, by its request id.
        settle_s: after this, an engine is no longer at work on a request it was sent; longer than its own time-out.
    """

    def __init__(self, keys: KeyRecords, unsettled: Callable[[str], StoredAnswer], settle_s: float) -> None:
        self._keys, self._unsettled, self._settle_s = keys, unsettled, settle_s
        self._running: dict[Ident, bytes] = {}
        self._claims: dict[Ident, WriteLease] = {}
        self._late: dict[Ident, tuple[str, bytes]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to renew claims and to forget old keys."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._renew()), loop.create_task(self._sweep())]

    async def close(self) -> None:
        """Stop both; try once more to store the answers that could not be stored so far."""
        for task in self._tasks:
            _ = task.cancel()
        _ = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._keep_late()

    async def once(
        self, gateway: Gateway, asked: KeyedRequest, call: Call, work: Callable[[], Awaitable[WriteEnd]]
    ) -> StoredAnswer | Replayed:
        """Do some work once for its key.

        Raises:
            RequestInProgress: it runs, or its outcome is not known yet.
            IdempotencyKeyReused: the key belongs to another request.
            StoreUnavailable: nobody can say.
        """
        running = self._running.get(asked.ident)
        if running is not None:
            raise _refusal(asked, running)
        self._running[asked.ident] = asked.fingerprint
        try:
            known = await self._keys.find(asked.ident)
            if known is not None:
                return await self._replay(gateway, asked, known, call)
            call.claim = lambda: self._claim(asked, call)
            return await self._store_end(asked.ident, await work())
        finally:
            del self._running[asked.ident]
            _ = self._claims.pop(asked.ident, None)

    async def _claim(self, asked: KeyedRequest, call: Call) -> None:
        call.claim = None
        begun = asyncio.get_running_loop().time()
        claim = Claim(
            ident=asked.ident, fingerprint=asked.fingerprint, request_id=call.request_id, intent=call.intended
        )
        if not await self._keys.claim(claim):
            raise RequestInProgress(headers=_SOON)  # another process was a moment faster
        self._claims[asked.ident] = hold = WriteLease(until=self._until(begun))
        call.leases = (*call.leases, hold)

    async def _store_end(self, ident: Ident, ended: WriteEnd) -> StoredAnswer:
        """Store the answer. One that cannot be stored now is returned all the same: the write is done."""
        if ident in self._claims:
            try:
                if ended.outcome == "not_applied":
                    await self._keys.free(ident)
                else:
                    state = "unknown" if ended.outcome == "unknown" else "done"
                    self._late[ident] = (state, msgspec.json.encode(ended.answer))
                    await self._keys.keep_answer(ident, *self._late[ident])
                    del self._late[ident]
            except StoreUnavailable:
                pass  # tried again with the next renewal; else the key is settled by reading back
        return ended.answer

    async def _replay(self, gateway: Gateway, asked: KeyedRequest, known: KeyRecord, call: Call) -> Replayed:
        if known.fingerprint != asked.fingerprint or known.state == "running":
            raise _refusal(asked, known.fingerprint)
        if known.state == "done" and known.answer is not None:
            return Replayed(_decoder.decode(known.answer))
        if known.state == "abandoned" and not await self._keys.abandon(asked.ident):
            raise RequestInProgress(headers=_SOON)  # it was only slow
        kept = await self._settle(gateway, known, call)
        return Replayed(_decoder.decode(await self._keys.settle(asked.ident, msgspec.json.encode(kept))))

    async def _settle(self, gateway: Gateway, known: KeyRecord, call: Call) -> StoredAnswer:
        """Find out by a read whether a write happened; a change that is not found proves nothing."""
        if not known.intent:
            return self._unsettled(known.request_id)
        intent = intents.decode_intent(known.intent)
        if await self._has_happened(gateway, intent, call):
            return StoredAnswer(status=204, engine=intent.engine)
        if known.age_s < self._settle_s:
            raise RequestInProgress(
                "The outcome is not known yet: the engine may still be at work on it.", headers=_SOON
            )
        return self._unsettled(known.request_id)

    @staticmethod
    async def _has_happened(gateway: Gateway, intent: intents.Intent, call: Call) -> bool:
        engine = gateway.engines.get(intent.engine)
        if engine is None:
            return False
        command = ListVariables(instance=intent.instance, names=intent.names, scope=intent.scope, seen=True)
        try:
            listed = await gateway.run(engine.name, engine.list_variables(command), call)
        except InstanceNotFound:
            return False
        except VarbridgeError as error:
            raise RequestInProgress(
                "The outcome is not known yet, and cannot be read back now.", engine=engine.name, headers=_SOON
            ) from error
        return intents.is_fulfilled(intent, listed.variables)

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._keys.life_s / 3)
            await self._keep_late()
            begun, before = loop.time(), dict(self._claims)
            if not before:
                continue
            try:
                ours = await self._keys.renew(before)
            except StoreUnavailable:
                continue  # tried again; meanwhile the claims run out by themselves
            for ident, hold in before.items():
                hold.until = self._until(begun) if ident in ours else begun

    async def _keep_late(self) -> None:
        for ident, (state, answer) in list(self._late.items()):
            with contextlib.suppress(StoreUnavailable):
                await self._keys.keep_answer(ident, state, answer)
                _ = self._late.pop(ident, None)

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(StoreUnavailable):
                await self._keys.sweep()
            await asyncio.sleep(_SWEEP_S)

    def _until(self, begun: float) -> float:
        return begun + self._keys.life_s * (1 - _MARGIN)


def _refusal(asked: KeyedRequest, fingerprint: bytes) -> VarbridgeError:
    """Return why a key cannot be used now: the same request runs, or another request has the key."""
    return RequestInProgress(headers=_SOON) if asked.fingerprint == fingerprint else IdempotencyKeyReused()

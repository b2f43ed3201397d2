"""The loop of one connection: its requests are answered one after the other, in the connection's own task.

aiohttp's loop makes a task for each request, so that no context variable outlives it; on Python 3.11 that is six per
cent of what a small request costs. Here whoever sets a context variable sets it anew for every request
(``observe.spans``). What must not live here: limits on connections, and problems (``server``).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiohttp import StreamReader
from aiohttp.http_writer import StreamWriter
from aiohttp.web_protocol import _PAYLOAD_ACCESS_ERROR, ERROR, RequestHandler, _ErrInfo


class RequestLoop(RequestHandler):
    """A connection that answers its requests."""

    __slots__ = ()

    async def start(self) -> None:
        """Answer requests until the connection ends."""
        while not self._force_close:
            if not self._messages:
                await self._wait_for_message()
            message, payload = self._take_message()
            if not await self._answer(message, payload) or not self._keepalive or self._close or self._force_close:
                break
            self._note_idle()
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _wait_for_message(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _take_message(self) -> tuple[Any, StreamReader]:
        """Return the next message; where callers send faster than they are answered, go on reading after half of it."""
        taken = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        return taken

    async def _answer(self, message: Any, payload: StreamReader) -> bool:
        """Answer a request; return whether the caller has the answer, and another request can follow."""
        handler = self._request_handler
        if isinstance(message, _ErrInfo):
            handler, message = self._make_error_handler(message), ERROR
        if handler is None or self._request_factory is None or self._manager is None or self._task_handler is None:
            return False  # the connection was lost meanwhile
        self._manager.requests_count += 1
        writer = StreamWriter(self, self._loop)
        request = self._request_factory(message, payload, self, writer, self._task_handler)
        try:
            response, has_gone = await self._handle_request(request, None, handler)
            if has_gone:
                return False
            self._keepalive = bool(response.keep_alive)
            if not payload.is_eof():
                await self._drop_rest(payload)
            payload.set_exception(_PAYLOAD_ACCESS_ERROR)
        except ConnectionError:
            return False
        except Exception as error:  # noqa: BLE001 - nothing may end the process
            self.log_exception("Unhandled exception", exc_info=error)
            self.force_close()
            return False
        except BaseException:
            self.force_close()
            raise
        finally:
            request._task = None  # type: ignore[assignment] # noqa: SLF001 - else an error is a cycle
        return True

    async def _drop_rest(self, payload: StreamReader) -> None:
        """Read and drop what still comes of a body, for a while; then the connection ends.

        Closing at once would reset the connection, and could take the answer away from the caller.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._lingering_time):
                while not payload.is_eof():
                    _ = await payload.readany()
        if not payload.is_eof() and not self._force_close:
            self.close()

    def _note_idle(self) -> None:
        """Note from when on the connection is idle. Its timer goes on: it looks again when it fires."""
        self._next_keepalive_close_time = closes_at = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(closes_at, self._process_keepalive)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's own
        """Go on reading where reading was paused; aiohttp would parse nothing, and resume what runs, for each body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

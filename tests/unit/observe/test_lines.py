"""Log lines: together at the end of a turn, at once where nothing turns, and never a reason to fail."""

from __future__ import annotations

import asyncio
import io
import json

import pytest
import structlog

from gateway.observe import log
from gateway.observe.lines import Lines


class File(io.BytesIO):
    """A file that counts how often it is written to and told to write out; ``full`` makes it fail.

    It takes ``most`` bytes at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flushed = self.written = 0
        self.full = False
        self.most = 1 << 20

    def write(self, data) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        self.written += 1
        return super().write(data[: self.most])

    def flush(self) -> None:
        self.flushed += 1
        if self.full:
            raise OSError(28, "No space left on device")


async def test_lines_of_one_turn_go_out_together_and_before_anything_is_waited_for() -> None:
    file = File()
    lines = Lines(file)
    for text in (b"one", b"two"):
        lines.info(text)
    assert file.flushed == 0
    await asyncio.sleep(0)
    assert (file.getvalue(), file.written, file.flushed) == (b"one\ntwo\n", 1, 1)
    lines.error(b"three")
    await asyncio.sleep(0)
    assert (file.getvalue(), file.flushed) == (b"one\ntwo\nthree\n", 2)


async def test_file_that_takes_a_part_is_given_the_rest() -> None:
    file = File()
    file.most = 3
    Lines(file).info(b"longer than that")
    await asyncio.sleep(0)
    assert file.getvalue() == b"longer than that\n"


def test_line_outside_a_loop_and_of_a_thread_goes_out_at_once() -> None:
    file = File()
    lines = Lines(file)
    lines.info(b"start")
    assert file.flushed == 1

    async def threaded() -> int:
        await asyncio.to_thread(lines.info, b"thread")
        return file.flushed

    assert asyncio.run(threaded()) == 2


def test_line_left_by_a_loop_that_ended_does_not_hold_back_the_next() -> None:
    file = File()
    lines = Lines(file)
    loop = asyncio.new_event_loop()

    async def last() -> None:
        lines.info(b"last")

    loop.run_until_complete(last())
    loop.close()
    asyncio.run(last())
    assert file.flushed >= 1


async def test_disk_that_is_full_fails_nobody_and_lines_come_again_when_there_is_room() -> None:
    file = File()
    lines = Lines(file)
    lines.info(b"before")
    await asyncio.sleep(0)
    file.full = True
    lines.info(b"lost")
    await asyncio.sleep(0)
    lines.info(b"lost")
    await asyncio.sleep(0)
    file.full = False
    lines.info(b"after")
    await asyncio.sleep(0)
    assert file.getvalue() == b"before\nafter\n"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch):
    before = structlog.get_config()
    file = File()
    error = io.TextIOWrapper(file)  # closes the file when it goes
    monkeypatch.setattr("sys.stderr", error)
    log.configure(json=True)
    yield file
    structlog.configure(**before)


def test_line_is_json_with_time_and_level_and_an_error_without_its_message(configured: File) -> None:
    logger = structlog.get_logger("varbridge")
    try:
        raise ValueError("a value")
    except ValueError as error:
        logger.error("broken", exc_info=error)
    logger.debug("not shown")
    (line,) = configured.getvalue().splitlines()
    found = json.loads(line)
    assert (found["event"], found["level"], found["error"]) == ("broken", "error", "ValueError")
    assert found["time"] > 1_700_000_000
    assert b"a value" not in line

"""What lasts goes by clocks that only go forward. The wall clock, which may be set at any moment, is read in these places only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READS = {
    "gateway/access/request_tokens.py": "the end of a token that its caller keeps, also over a restart",
    "gateway/config/certificates.py": "certificates say until when they are valid",
    "gateway/observe/durations.py": "when an exemplar was seen",
    "gateway/observe/log.py": "when a line was written",
    "gateway/observe/spans.py": "when a trace began",
    "gateway/operations/paging/cursors.py": "the end of a cursor that its caller keeps, also over a restart",
    "gateway/reloading.py": "when a configuration came into use, for people",
    "gateway/wire/accounting.py": "when an engine answered last, for people",
    "gateway/wire/retries.py": "Retry-After as a date",
}
"""Where the wall clock is read, and what for."""
WALL = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"}


def read(tree: ast.Module) -> Iterator[str]:
    """What asks the wall clock, by any of the names that `time` and `datetime` have for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in WALL:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in {"time", "datetime", "date"}:
                yield f"{owner}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"time.{each.name}" for each in node.names if each.name in WALL)


def test_wall_clock_is_read_where_it_is_meant_and_nowhere_else() -> None:
    paths = [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in paths if any(read(ast.parse(path.read_text(encoding="utf-8"))))}
    assert found == set(READS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("import time\nx = time.time", ["time.time"], id="module"),
        pytest.param("from time import monotonic, time_ns", ["time.time_ns"], id="name"),
        pytest.param("import datetime\ndatetime.datetime.now()", ["datetime.now"], id="date"),
        pytest.param("loop.time()\ntime.monotonic()\nself.now", [], id="other-clocks"),
    ],
)
def test_reading_of_the_wall_clock_is_seen(text: str, found: list[str]) -> None:
    assert list(read(ast.parse(text))) == found

"""Kernel locks: what keeps processes apart, what does not, and where they cannot be had."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import app, config
from gateway.errors import StoreUnavailable
from gateway.store import CannotLock, LockFile, check_shareable, lock_file, locks_beside
from tests.cli.programs import ROOT

KEY, OTHER = ("hr", "1"), ("hr", "2")
HOLDER = """
import sys, time
from pathlib import Path
from gateway.store import LockFile
print(LockFile(Path(sys.argv[1])).take(("hr", "1")), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db-locks"


@pytest.fixture
def files(path: Path):
    """The lock files of two processes: what the kernel goes by is that each was opened for itself."""
    both = LockFile(path), LockFile(path)
    yield both
    for each in both:
        each.close()


def test_lock_is_held_by_one_until_it_is_released(files) -> None:
    one, other = files
    assert (one.take(KEY), other.take(KEY), other.take(OTHER)) == (True, False, True)
    one.release(KEY)
    assert (other.take(KEY), one.take(KEY)) == (True, False)


def test_lock_goes_with_its_process_killed_or_not(path: Path, files) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"True\n"
    assert not files[0].take(KEY)
    holder.kill()
    holder.communicate()
    assert files[0].take(KEY)


def test_lock_stays_when_the_file_is_opened_and_closed_again(path: Path, files) -> None:
    one, other = files
    assert one.take(KEY)
    path.read_bytes()
    LockFile(path).close()
    assert not other.take(KEY)


def test_keys_of_one_offset_are_released_together_at_the_end(monkeypatch: pytest.MonkeyPatch, files) -> None:
    monkeypatch.setattr(lock_file, "_offset", lambda _key: 7)
    one, other = files
    assert (one.take(KEY), one.take(OTHER), other.take(OTHER)) == (True, True, False)
    one.release(KEY)
    assert not other.take(KEY)
    one.release(OTHER)
    assert other.take(KEY)


def test_process_that_waits_is_seen_by_the_others_alone(files) -> None:
    one, other = files
    with other.waiting(KEY):
        assert (one.is_wanted(KEY), other.is_wanted(KEY), one.is_wanted(OTHER)) == (True, False, False)
        assert one.take(KEY)
    assert not one.is_wanted(KEY)


def test_lock_file_that_was_removed_is_told_instead_of_a_lock_that_keeps_nobody_out(path: Path, files) -> None:
    path.unlink()
    with pytest.raises(StoreUnavailable, match="removed"):
        files[0].take(KEY)


def test_offset_is_the_same_in_every_process_and_takes_any_text() -> None:
    assert lock_file._offset(KEY) == 0x12A95F14D3304AC2
    assert 0 <= lock_file._offset(("hr", "\udc80é" * 300)) < 1 << 61


def test_lock_file_stands_beside_the_database_however_its_path_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "store.db")
    beside = tmp_path / "store.db-locks"
    assert [locks_beside(f"sqlite:///{tmp_path}/{name}") for name in ("store.db", "link", "./store.db")] == [beside] * 3


def test_folder_that_can_be_locked_is_fit_for_several_processes(tmp_path: Path) -> None:
    check_shareable(f"sqlite:///{tmp_path}/store.db")
    check_shareable("postgresql+psycopg://somebody@nowhere/store")


def failing(number: int):
    def ask(_fd: int, _command: int, _packed: bytes) -> bytes:
        raise OSError(number, os.strerror(number))

    return ask


CANNOT = {
    "no locks there": (fcntl, "fcntl", failing(errno.ENOLCK), "No locks available"),
    "not supported there": (fcntl, "fcntl", failing(errno.EOPNOTSUPP), "not supported"),
    "locks that keep nobody out": (fcntl, "fcntl", lambda _fd, _command, packed: packed, "does not keep two"),
    "slow locks": (lock_file, "_seconds", lambda _file: 0.1, "network file system"),
    "another platform": (lock_file, "_SET", None, "this platform"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_several_workers_are_refused_with_the_reason_where_there_is(
    case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where, name, value, reason = CANNOT[case]
    monkeypatch.setattr(where, name, value)
    with pytest.raises(CannotLock, match=reason):
        check_shareable(f"sqlite:///{tmp_path}/store.db")
    read = config.parse({"store": {"url": f"sqlite:///{tmp_path}/store.db"}}, app.VENDORS)
    with pytest.raises(config.ConfigError, match=rf"server\.workers: only 1 with this store: .*{reason}"):
        app.check_workers(read)


def test_several_workers_are_refused_where_the_lock_file_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(CannotLock, match="No such file"):
        check_shareable(f"sqlite:///{tmp_path}/missing/store.db")


def test_several_workers_on_a_store_in_memory_are_refused() -> None:
    with pytest.raises(CannotLock, match="in memory"):
        check_shareable("sqlite:///:memory:")

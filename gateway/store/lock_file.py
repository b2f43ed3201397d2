"""Locks of the kernel, for processes of one machine: one byte each, in a file beside the SQLite database.

They are open-file-description locks. A plain POSIX lock would go as soon as any descriptor of the file is closed in
the process, and ``flock`` locks whole files. The kernel frees them when a process ends, ``kill -9`` included, and at
no other time: they do not run out. Asking for one never waits and takes about a microsecond, so it is done on the
event loop.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import struct
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from gateway.errors import StoreUnavailable
from gateway.store.connect import database_path, is_sqlite

LockKey: TypeAlias = tuple[str, str]
SUFFIX = "-locks"
"""Added to the name of the database file, as SQLite adds ``-wal`` and ``-shm``."""
_BITS = 61
"""Of the hash that is the offset of a lock: two keys share one once in 2e18 pairs. Offsets have 63 bits."""
_WAITING = 1 << _BITS
"""Distance from the byte of a lock to the byte that is read-locked by processes that wait for it."""
_FLOCK = struct.Struct("hhqqi")
"""``struct flock`` of 64-bit Linux: type, whence, start, length, process (must be 0)."""
_SET: int | None = getattr(fcntl, "F_OFD_SETLK", None)
_GET: int | None = getattr(fcntl, "F_OFD_GETLK", None)
_BUSY = {errno.EAGAIN, errno.EACCES}
_CHECK_S = 0.5
"""Between two looks whether the file was removed. Only a worker that starts can use another file of the same name, and
one that died is started again after a second."""
_PROBE_TIMES = 20
_NUMBER_BYTES = 8
_SLOW_S = 0.001
"""A lock takes 2 µs where the kernel decides alone. Where it takes longer, another machine is asked over a network,
and the event loop would stand still meanwhile. The best of some tries counts."""


class CannotLock(Exception):
    """Kernel locks cannot be had there; the message is the reason."""


class LockFile:
    """The locks of one process. Two keys with the same offset are one lock: where one is held, the other is as well.

    Args:
        path: of the lock file; made if it is not there. It is never removed: a process that still had the old file and
            one that had a new one of the same name would not exclude each other.

    Raises:
        CannotLock: this platform or this file system cannot, or the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        if _SET is None or _GET is None or sys.platform != "linux" or sys.maxsize < 1 << 32:
            raise CannotLock("this platform has no locks of open file descriptions (64-bit Linux has)")
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotLock(f"{path}: {error.strerror}") from error
        self._set, self._get = _SET, _GET
        self._taken: dict[int, int] = {}
        self._check_at = 0.0

    def take(self, key: LockKey) -> bool:
        """Take a lock; False where another process has it.

        Raises:
            StoreUnavailable: nobody can say: the kernel has no room for more locks, or somebody removed the file.
        """
        at = _offset(key)
        count = self._taken.get(at, 0)
        if not count:
            now = time.monotonic()
            if now >= self._check_at:
                self._check_at = now + _CHECK_S
                self._require_file()
            if not self._ask(fcntl.F_WRLCK, at):
                return False
        self._taken[at] = count + 1
        return True

    def _require_file(self) -> None:
        if os.fstat(self._fd).st_nlink == 0:
            self._check_at = 0.0
            raise StoreUnavailable("The lock file beside the store was removed; the gateway must be started again.")

    def release(self, key: LockKey) -> None:
        """Release a lock, unless another key with the same offset is held still."""
        at = _offset(key)
        count = self._taken.pop(at) - 1
        if count:
            self._taken[at] = count
            return
        try:
            _ = self._ask(fcntl.F_UNLCK, at)
        except StoreUnavailable:
            return  # no memory to split a range: the lock stays this process's until the next release

    @contextlib.contextmanager
    def waiting(self, key: LockKey) -> Iterator[None]:
        """Show other processes that this one waits for a lock, until the end of the block."""
        at = _offset(key) + _WAITING
        _ = self._ask(fcntl.F_RDLCK, at)
        try:
            yield
        finally:
            _ = self._ask(fcntl.F_UNLCK, at)

    def is_wanted(self, key: LockKey) -> bool:
        """Return whether another process waits for a lock."""
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _offset(key) + _WAITING, 1, 0)
        kind: int = _FLOCK.unpack_from(fcntl.fcntl(self._fd, self._get, asked))[0]
        return kind != fcntl.F_UNLCK

    def read_number(self) -> int:
        """Return the number that stands in the file; 0 in a new one. The locks are beside it, and do not touch it.

        Raises:
            StoreUnavailable: the file cannot be read.
        """
        try:
            return int.from_bytes(os.pread(self._fd, _NUMBER_BYTES, 0), "little")
        except OSError as error:
            raise StoreUnavailable(f"The lock file cannot be read ({error.strerror}).") from error

    def write_number(self, number: int) -> None:
        """Let another number stand in the file; whoever reads it meanwhile reads the one or the other.

        Raises:
            StoreUnavailable: the file cannot be written.
        """
        try:
            _ = os.pwrite(self._fd, number.to_bytes(_NUMBER_BYTES, "little"), 0)
        except OSError as error:
            raise StoreUnavailable(f"The lock file cannot be written ({error.strerror}).") from error

    def close(self) -> None:
        """Release everything."""
        os.close(self._fd)

    def _ask(self, kind: int, at: int) -> bool:
        try:
            _ = fcntl.fcntl(self._fd, self._set, _FLOCK.pack(kind, os.SEEK_SET, at, 1, 0))
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise StoreUnavailable(f"The kernel gave no lock ({error.strerror}).") from error
        return True


def locks_beside(url: str) -> Path:
    """Return the path of the lock file of a SQLite database, the same however the database's own path is spelled.

    Raises:
        CannotLock: the database is in no file.
    """
    path = database_path(url)
    if path is None:
        raise CannotLock("a database in memory is one process's own")
    real = path.resolve()
    return real.with_name(real.name + SUFFIX)


def check_shareable(url: str) -> None:
    """Make sure that several processes of one machine can use a store; on PostgreSQL they always can.

    Raises:
        CannotLock: with the reason.
    """
    if is_sqlite(url):
        _probe(locks_beside(url))


def _probe(path: Path) -> None:
    """Make sure that the file system keeps two holders apart, and that asking it is quick.

    Raises:
        CannotLock: with the reason.
    """
    with contextlib.closing(LockFile(path)) as one, contextlib.closing(LockFile(path)) as other:
        key = ("", f"probe of {os.getpid()}")  # engines have names, so nobody else has this one
        try:
            apart = one.take(key) and not other.take(key)
            one.release(key)
            if not (apart and other.take(key)):
                raise CannotLock(f"{path}: the file system does not keep two processes apart")
            if min(_seconds(one) for _ in range(_PROBE_TIMES)) > _SLOW_S:
                raise CannotLock(f"{path}: locks take more than a millisecond there, as on a network file system")
        except StoreUnavailable as error:
            raise CannotLock(f"{path}: {error.detail}") from error


def _seconds(file: LockFile) -> float:
    """Return how long it takes to take and release a lock."""
    key = ("", f"timing of {os.getpid()}")
    begun = time.perf_counter()
    _ = file.take(key)
    file.release(key)
    return time.perf_counter() - begun


@lru_cache(4096)
def _offset(key: LockKey) -> int:
    """Return the byte of a lock: the start of a digest, the same in every process."""
    text = f"{key[0]}\0{key[1]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> (64 - _BITS)

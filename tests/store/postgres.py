"""A PostgreSQL server of the tests' own: data in a temporary folder, a socket there and no TCP port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.cli.programs import wait_until

_SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "listen_addresses=")
"""It need not survive the machine, only its clients."""


class CannotRun(Exception):
    """There is no PostgreSQL here."""


class Postgres:
    """A running server; ``url`` is a database on it."""

    def __init__(self) -> None:
        self._bin = programs()
        self._user = unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="varbridge-pg-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://tests@/postgres?host={self.folder}"

    def __enter__(self) -> Self:
        try:
            if self._user is not None:
                shutil.chown(self.folder, self._user)
            self._say(f"{self._bin}/initdb", "-D", f"{self.folder}/data", "-U", "tests", "-A", "trust", "--no-sync")
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def start(self) -> None:
        settings = [part for each in (*_SETTINGS, f"unix_socket_directories={self.folder}") for part in ("-c", each)]
        self.process = subprocess.Popen(
            [f"{self._bin}/postgres", "-D", f"{self.folder}/data", *settings],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder.parent / f"{self.folder.name}.log").open("ab"),
            cwd="/",
        )
        wait_until(lambda: (self.folder / ".s.PGSQL.5432").exists() and self._answers())

    def stop(self) -> None:
        """Ends it at once; every client is cut off."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder.parent / f"{self.folder.name}.log").unlink(missing_ok=True)

    def database(self, name: str) -> str:
        """URL of a new, empty database."""
        self._say(f"{self._bin}/createdb", "-h", str(self.folder), "-U", "tests", name)
        return f"postgresql+psycopg://tests@/{name}?host={self.folder}"

    def _answers(self) -> bool:
        command = [f"{self._bin}/pg_isready", "-q", "-h", str(self.folder)]
        return subprocess.run(command, check=False).returncode == 0

    def _say(self, *command: str) -> None:
        done = subprocess.run(command, user=self._user, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise CannotRun(f"{command[0]}: {done.stderr}")


def programs() -> Path:
    """Folder of the newest server; Debian keeps it off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise CannotRun("PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)")
    return (found[-1] if found else Path(str(on_path)).resolve()).parent


def unprivileged() -> str | None:
    """The user to run as: a server refuses root. None = whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"

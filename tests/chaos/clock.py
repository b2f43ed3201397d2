"""Wall clocks of other processes, which jump when a test says so; needs Linux and a C compiler."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from tests.house.required import give_up

SOURCE = Path(__file__).with_name("clock.c")


def build(folder: Path) -> Path:
    """Compile what moves the clocks."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        give_up("no C compiler for Linux here: apt-get install gcc libc6-dev")
    library = folder / "clock.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return library


class Clock:
    """The clock of the processes that are started with ``environ``, and of their children."""

    def __init__(self, library: Path, file: Path) -> None:
        file.write_bytes(bytes(8))
        self.environ = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(file)}
        with file.open("r+b") as opened:
            self._offset = mmap.mmap(opened.fileno(), 8)

    def set(self, seconds: int) -> None:
        """Let the clock be so many seconds ahead of the true one from now on, or behind it."""
        self._offset[:] = struct.pack("=q", seconds)

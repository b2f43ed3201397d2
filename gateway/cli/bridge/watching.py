"""Progress bars of the bridge: of a job that is watched, and of many links that are moved."""

from __future__ import annotations

import sys
import threading
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from gateway.cli import output
from gateway.cli.bridge.asking import ask
from gateway.cli.client import Connection
from gateway.model import bridge_jobs

ENDED = frozenset(bridge_jobs.ENDED)
_PAUSE_S = 0.5
"""Pause between two looks at the progress."""
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C has ended, as shells have it."""


class Eta(ProgressColumn):
    """How long the gateway says it will take: it knows of the work before we looked."""

    def render(self, task: Task) -> Text:
        """Return it in words."""
        seconds = task.fields.get("eta")
        return Text("" if seconds is None else f"{_duration(seconds)} left", style="progress.remaining")


def progress_bar(*more: ProgressColumn) -> Progress:
    """Return a progress bar on the error stream, which is shown only where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *more)
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def watch(connection: Connection, job: str) -> Any:
    """Show how far a job is until it has ended, and return it; Ctrl-C ends the watching only, and says so."""
    try:
        return _watch(connection, job)
    except KeyboardInterrupt as error:
        output.print_error(f"the job goes on: `varbridge bridge job wait {job}` watches it again,")
        output.print_error(f"`varbridge bridge job cancel {job}` ends it")
        raise SystemExit(INTERRUPTED) from error


def _watch(connection: Connection, job: str) -> Any:
    pause = threading.Event()
    with progress_bar(Eta()) as progress:
        task = progress.add_task("selecting", total=None)
        while (found := ask(connection, "GET", "jobs", job))["state"] not in ENDED:
            total = found["total"] if found["state"] != "selecting" else None
            state, done, eta = found["state"], found["finished"], found["etaSeconds"]
            progress.update(task, description=state, total=total, completed=done, eta=eta)
            _ = pause.wait(_PAUSE_S)
    return found


def _duration(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}"

"""Forks off gateways: a line with a configuration in, a process id out, then ``ready``. Runs as a program."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from gateway import app, config
from gateway.observe import log
from gateway.operations.bridge import twins


def main() -> None:
    twins.SETTLE_S = float(os.environ.get("VARBRIDGE_TEST_SETTLE_S", twins.SETTLE_S))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            gateway(line)
        print(pid, flush=True)
        os.kill(pid, signal.SIGUSR1)


def gateway(line: str) -> None:
    """Be a gateway until the end; the pid is said before `ready` is."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.sigwait([signal.SIGUSR1])
    log.configure(json=True, level="error")
    tree = json.loads(line)
    serves = tree.pop("serves", True)  # else it is what `varbridge worker` is
    read = config.parse(tree, app.VENDORS)
    asyncio.run(app.serve(read, lambda: print("ready", flush=True), serves=serves))
    os._exit(0)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    main()

"""Work in the background: which queue its jobs wait in, by the kind of store, and who is told of how they go."""

from __future__ import annotations

import structlog

from gateway.config import Config, ConfigError, StoreConfig
from gateway.model.jobs import Job
from gateway.observe.metrics import Metrics
from gateway.operations.jobs import InProcessQueue, JobQueue, JobWorker
from gateway.operations.locks import SharedLocks
from gateway.store import Store, is_sqlite

_log = structlog.get_logger("varbridge")


def check_worker(config: Config) -> None:
    """Check that a process beside the gateways can carry jobs out.

    Raises:
        ConfigError: they wait in the gateway's own process.
    """
    if is_sqlite(config.store.url):
        raise ConfigError(f"{config.source}: store.url: a worker needs PostgreSQL; with SQLite jobs run in the gateway")


def job_worker(entry: StoreConfig, store: Store, locks: SharedLocks | None, metrics: Metrics) -> JobWorker:
    """Return what defers jobs and, unless they are carried out elsewhere, carries them out."""
    return JobWorker(
        _job_queue(entry, store),
        locks=locks,
        carries_out=entry.jobs == "here",
        report=_log_broken_job,
        count=metrics.job_run,
    )


def _job_queue(entry: StoreConfig, store: Store) -> JobQueue:
    if store.is_sqlite:
        return InProcessQueue(entry.jobs_at_once)
    from gateway.store.job_queue import SharedJobQueue  # noqa: PLC0415 - takes 0.2 s, for nothing on SQLite

    return SharedJobQueue(store, entry.lease_s, at_once=entry.jobs_at_once, listens=entry.listen)


def _log_broken_job(job: Job | None, fault: BaseException) -> None:
    """Log our own fault that stopped a job, or the search for lost ones."""
    _log.error("job_broken", job=None if job is None else str(job), exc_info=fault)

"""Jobs that wait in PostgreSQL, for workers on any number of machines: procrastinate over the store's connections.

The one room that knows procrastinate; it is imported only where the store is PostgreSQL. Finished jobs are deleted at
once, since rows of our own say what was done.
"""

from gateway.store.job_queue.queue import SharedJobQueue

__all__ = ["SharedJobQueue"]

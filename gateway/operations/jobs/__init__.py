"""Background jobs: rows of our own are the truth, a job only says "carry X out".

Carrying a job out twice, or losing it, does no harm: a handler asks the rows what is left, and a sweeper re-creates
jobs whose work is not done. Where jobs wait, and which process is given one, is up to a ``JobQueue``: this process's
own (``InProcessQueue``), or one in a database that workers on other machines share.
"""

from gateway.operations.jobs.in_process import InProcessQueue
from gateway.operations.jobs.kinds import JobKind, JobKinds
from gateway.operations.jobs.lanes import further_lanes, list_due_lanes, parse_lane
from gateway.operations.jobs.port import CarryOut, JobQueue, Jobs
from gateway.operations.jobs.run import JobRun
from gateway.operations.jobs.worker import JobWorker

__all__ = [
    "CarryOut",
    "InProcessQueue",
    "JobKind",
    "JobKinds",
    "JobQueue",
    "JobRun",
    "JobWorker",
    "Jobs",
    "further_lanes",
    "list_due_lanes",
    "parse_lane",
]

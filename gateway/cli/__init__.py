"""The command line: serve, check, demo, and a client of a running gateway.

Exit codes: 0 done; 1 the gateway (or an engine) said no; 2 wrong usage; 3 the configuration cannot be used; 4 the
gateway cannot be reached.
"""

from __future__ import annotations

import click

from gateway.cli.batch import batch
from gateway.cli.client import engines, openapi
from gateway.cli.demo import demo
from gateway.cli.instances import instances, messages, tasks
from gateway.cli.modification import modify
from gateway.cli.operations import operations
from gateway.cli.serve import check, serve
from gateway.cli.variables import variables


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="varbridge")
def main() -> None:
    """One process-variable API in front of Camunda 7-family engines and IBM BPM / BAW.

    Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 configuration cannot be used; 4 gateway not reachable.
    """


for _command in (
    serve,
    check,
    demo,
    engines,
    instances,
    variables,
    modify,
    tasks,
    messages,
    batch,
    operations,
    openapi,
):
    main.add_command(_command)

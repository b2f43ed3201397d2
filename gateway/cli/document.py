"""``varbridge openapi``. Apart from the client commands because it needs the whole web room, and they do not."""

from __future__ import annotations

import click

from gateway.cli.output import print_json
from gateway.web.v1 import openapi as document
from gateway.web.v1.routes import ROUTES


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of /v1."""
    print_json(document.document(ROUTES))

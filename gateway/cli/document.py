"""The document of the API. Apart from the other client commands because it needs the whole web room; they do not."""

from __future__ import annotations

import click
import msgspec

from gateway.web.v1 import openapi as document
from gateway.web.v1.routes import ROUTES


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of /v1."""
    click.echo(msgspec.json.format(msgspec.json.encode(document.document(ROUTES)), indent=2))

"""FastAPI and httpx under uvicorn (uvloop, httptools), doing only the translation, as such a service is usually written."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from tests.bench.programs.process import run

_NAMES = {("integer", "int64"): "Long", ("boolean", None): "Boolean", ("string", None): "String"}
_TYPES = {name: pair for pair, name in _NAMES.items()}


class Typed(BaseModel):
    type: str
    format: str | None = None
    value: Any


class Patch(BaseModel):
    modifications: dict[str, Typed]
    deletions: list[str] = []


def application(engine: str, client: httpx.AsyncClient) -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.patch("/v1/instances/{instance}/variables", status_code=204)
    async def patch(instance: str, body: Patch) -> Response:
        entries = {
            name: {"type": _NAMES[entry.type, entry.format], "value": entry.value}
            for name, entry in body.modifications.items()
        }
        url = f"{engine}/engine-rest/process-instance/{instance.partition(':')[2]}/variables"
        answer = await client.post(url, json={"modifications": entries, "deletions": body.deletions})
        return Response(status_code=answer.status_code)

    @app.get("/v1/instances/{instance}/variables/{name}")
    async def read(instance: str, name: str) -> dict[str, Any]:
        url = f"{engine}/engine-rest/process-instance/{instance.partition(':')[2]}/variables/{name}"
        value = (await client.get(url)).json()
        kind, form = _TYPES[value["type"]]
        return {"name": name, "type": kind, "format": form, "value": value["value"]}

    return app


async def serve(settings: dict[str, Any], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    async with httpx.AsyncClient(timeout=None) as client:
        server = uvicorn.Server(
            uvicorn.Config(
                application(settings["engine"], client), host="127.0.0.1", port=settings["port"], http="httptools",
                access_log=False, log_level="warning", lifespan="off",
            )
        )  # fmt: skip
        serving = asyncio.ensure_future(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        ready.set()
        await serving


if __name__ == "__main__":
    run(serve)

"""Routes that explain the others: the OpenAPI document, and the page for people, which is not in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from gateway.web import docs
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import openapi
from gateway.web.v1.context import RequestContext
from gateway.web.v1.route import Handler, Route


def document_route(routes: Callable[[], tuple[Route, ...]]) -> Route:
    """Return the route of the OpenAPI document, which describes itself too; ``routes`` returns all that it shows."""

    @cache
    def document() -> Answer:
        return json_answer(openapi.document(routes()))

    async def openapi_document(context: RequestContext) -> Answer:
        del context
        return document()

    return _page("/openapi.json", openapi_document, "This document")


async def _docs_page(context: RequestContext) -> Answer:
    del context
    return docs.page()


async def _docs_asset(context: RequestContext) -> Answer:
    return docs.asset(context.params[0])


def _page(template: str, handler: Handler, summary: str) -> Route:
    return Route(method="GET", template=template, handler=handler, summary=summary)


PAGES = (
    _page("/docs", _docs_page, "The API page"),
    _page("/docs/{file}", _docs_asset, "A file of the API page"),
)

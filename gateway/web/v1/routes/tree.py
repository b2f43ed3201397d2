"""Finds the route of a path: a tree with a step a segment, so that its cost does not grow with the routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.errors import MethodNotAllowed, RouteNotFound
from gateway.nearest import nearest
from gateway.web.v1.route import Route


class _Node:
    """A place in the tree of paths: what may follow, by word or as a parameter, and the methods of the path so far."""

    __slots__ = ("methods", "parameter", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.methods: dict[str, Route] = {}

    @property
    def allow(self) -> str:
        """The ``Allow`` header."""
        return ", ".join(sorted({*self.methods, *(["HEAD"] if "GET" in self.methods else []), "OPTIONS"}))


class PathTree:
    """The paths of a table of routes; a word goes before a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.template[1:].split("/"):
            if not part.startswith("{"):
                node = node.words.setdefault(part, _Node())
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.methods[route.method] = route

    def find(self, method: str, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]]:
        """Return the route of a request and its path parameters.

        Raises:
            RouteNotFound: nothing is at this path.
            MethodNotAllowed: something is, but not with this method.
        """
        node, params = self._at(segments)
        route = node.methods.get("GET" if method == "HEAD" else method)
        if route is None:
            raise MethodNotAllowed(f"This path takes {node.allow}.", headers=(("Allow", node.allow),))
        return route, params

    def methods(self, segments: tuple[str, ...]) -> str:
        """Return the methods that a path takes, as ``Allow`` lists them.

        Raises:
            RouteNotFound: nothing is at this path.
        """
        return self._at(segments)[0].allow

    def _at(self, segments: tuple[str, ...]) -> tuple[_Node, tuple[str, ...]]:
        """Return the place of a path and its parameters, which are never empty."""
        node = self._root
        params: list[str] = []
        for segment in segments:
            if (after := node.words.get(segment)) is None:
                after = node.parameter
                params.append(segment)
            if after is None or not segment:
                raise self._not_found(segments)
            node = after
        if not node.methods:
            raise self._not_found(segments)
        return node, tuple(params)

    def _not_found(self, segments: tuple[str, ...]) -> RouteNotFound:
        closest = self.closest(segments)
        return RouteNotFound().hint("" if closest is None else f"Did you mean `{closest}`?")

    def closest(self, segments: tuple[str, ...]) -> str | None:
        """Return the template that a path which leads nowhere was probably meant to be.

        A slash too many does not count, words may be misspelt, a parameter may be empty, and ``v1`` may be missing.
        """
        return self._followed(segments, nearest) or self._followed(("v1", *segments), _same)

    def _followed(self, segments: tuple[str, ...], closest: Callable[[str, Iterable[str]], str | None]) -> str | None:
        node = self._root
        for position, segment in enumerate(segments):
            word = segment if segment in node.words else None
            if word is None and node.parameter is None:
                word = closest(segment, node.words)
            after = node.parameter if word is None else node.words[word]
            if segment or (after is not None and any(segments[position:])):
                if after is None:
                    return None
                node = after
        return next(iter(node.methods.values())).template if node.methods else None


def _same(word: str, known: Iterable[str]) -> str | None:
    return word if word in known else None

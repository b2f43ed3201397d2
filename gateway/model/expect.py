"""What a conditional write expects to find, and whether it is so.

The comparison is made by the plan of the write, under the instance's write lock, on the read that it makes anyway.
What must not live here: headers (``gateway.web.v1.conditions``) and how tags are made (``etag``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from gateway.errors import PreconditionFailed
from gateway.model import etag
from gateway.model.etag import Tags
from gateway.model.results import Variable

Selection = tuple[str, ...] | None
"""Names, or None for all."""


def _always(_name: str) -> bool:
    return True


def _never(_name: str) -> bool:
    return False


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller sees; a tag is made of nothing else, or it would tell what is hidden.

    Args:
        visible: whether the caller may see a variable at all.
        masked: whether its value is hidden.
    """

    visible: Callable[[str], bool] = _always
    masked: Callable[[str], bool] = _never

    def tag(self, variable: Variable, *, strong_binary: bool = False) -> str | None:
        """Return a variable's tag, None where its value is hidden."""
        return None if self.masked(variable.name) else etag.variable_tag(variable, strong_binary=strong_binary)

    def tagged(self, variables: Iterable[Variable]) -> list[tuple[Variable, str | None]]:
        """Return the variables that are visible, each with its tag."""
        return [(each, self.tag(each)) for each in variables if self.visible(each.name)]

    def tag_of(self, variables: Iterable[Variable], names: Selection = None) -> str:
        """Return the tag of a selection."""
        wanted = None if names is None else frozenset(names)
        return set_tag(self.tagged(each for each in variables if wanted is None or each.name in wanted))


def set_tag(tagged: Iterable[tuple[Variable, str | None]]) -> str:
    """Return the tag of a set of variables; a masked one counts by its type."""
    return etag.selection_tag((each, tag or f'"{each.value.type}"') for each, tag in tagged)


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for a write to happen.

    Args:
        name: the one variable that the condition is about; None = the set.
        selections: of the set: any that the tags may come from; the first one's tag is told when none matches.
        touched: of the set: names that are written; where one has a weak tag, no tag of a set speaks for it.
        matching: of ``If-Match``.
        none_matching: of ``If-None-Match``.
        view: what the caller sees.
        strong_binary: whether the tag of a blob counts as strong.
    """

    name: str | None = None
    selections: tuple[Selection, ...] = (None,)
    touched: tuple[str, ...] = ()
    matching: Tags | None = None
    none_matching: Tags | None = None
    view: View = View()
    strong_binary: bool = False

    @property
    def names(self) -> Selection:
        """Return the names that must be read, None for all."""
        if self.name is not None:
            return (self.name,)
        if None in self.selections:
            return None
        return tuple({name: None for selection in self.selections for name in selection or ()})

    def check(self, variables: Iterable[Variable], engine: str) -> None:
        """Check that what was read is what is expected.

        Args:
            variables: those of ``names`` at least, in the scope that is written.
            engine: its name, for the error.

        Raises:
            PreconditionFailed: it is not; with the current tag.
        """
        listed = list(variables)
        current, exists = self._current(listed)
        if self.matching is not None and self._weakly_known(listed):
            raise self._failed(
                "A value that is written has a weak tag, which If-Match does not go by.", current, engine
            )
        if self.matching is not None and not self._matches(current, exists=exists):
            weak = self.name is not None and any(tag is not None and etag.is_weak(tag) for tag in current)
            detail = "The value has a weak tag, which" if weak else "What is there is not what"
            raise self._failed(f"{detail} If-Match {'does not go by' if weak else 'says'}.", current, engine)
        if self.none_matching is not None and self._excluded(current, exists=exists):
            raise self._failed("The variables are as If-None-Match says they must not be.", current, engine)

    def _current(self, variables: list[Variable]) -> tuple[tuple[str | None, ...], bool]:
        if self.name is None:
            sets = tuple(self.view.tag_of(variables, selection) for selection in self.selections)
            alone = {selection[0] for selection in self.selections if selection is not None and len(selection) == 1}
            return (*sets, *(self.view.tag(each) for each in variables if each.name in alone)), True
        found = next((each for each in variables if each.name == self.name), None)
        if found is None:
            return (None,), False
        return (self.view.tag(found, strong_binary=self.strong_binary),), True

    def _weakly_known(self, variables: list[Variable]) -> bool:
        """Return whether a written value has a weak tag, so that the tag of a set says too little about it."""
        if self.name is not None or (self.matching or Tags()).anything:
            return False
        tags = (self.view.tag(each) for each in variables if each.name in self.touched)
        return any(tag is not None and etag.is_weak(tag) for tag in tags)

    def _matches(self, current: tuple[str | None, ...], *, exists: bool) -> bool:
        wanted = self.matching or Tags()
        return exists if wanted.anything else any(map(wanted.strongly, current))

    def _excluded(self, current: tuple[str | None, ...], *, exists: bool) -> bool:
        unwanted = self.none_matching or Tags()
        return exists if unwanted.anything else any(map(unwanted.weakly, current))

    @staticmethod
    def _failed(detail: str, current: tuple[str | None, ...], engine: str) -> PreconditionFailed:
        tag = current[0]
        return PreconditionFailed(detail, engine=engine, headers=(("ETag", tag),) if tag is not None else ())

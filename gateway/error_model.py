"""What every error says, whoever's fault it is. The errors themselves, as a tree, are in ``gateway.errors``."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import msgspec

Outcome = Literal["not_applied", "applied", "partial", "unknown"]


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request: where it is (JSON Pointer, RFC 6901), and what it is."""

    pointer: str
    detail: str


class VarbridgeError(Exception):
    """Something went wrong in the gateway or behind it.

    The first line of each class's docstring is its default message and the ``title`` of its problem.

    Args:
        detail: what happened, for a person; never a variable's value, never a secret.
        errors: where in the request, as JSON Pointers.
        engine: name of the engine concerned, if any.
        engine_status: HTTP status that the engine answered.
        engine_code: the vendor's own error number or code, as text.
        outcome: whether the write was applied, as far as that is known; default: that of the class.
        applied: names of variables that were applied when ``outcome`` is ``partial``.
        candidates: the ids that the caller may have meant, for ``instance-ambiguous``.
        headers: HTTP headers of the answer, such as ``WWW-Authenticate``.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    default_outcome: ClassVar[Outcome] = "unknown"

    def __init__(  # noqa: PLR0913 - one error model for every front door; all keyword-only
        self,
        detail: str = "",
        *,
        errors: tuple[Fault, ...] = (),
        engine: str | None = None,
        engine_status: int | None = None,
        engine_code: str | None = None,
        outcome: Outcome | None = None,
        applied: tuple[str, ...] = (),
        candidates: tuple[str, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.detail = detail or self.title()
        super().__init__(self.detail)
        self.errors = errors
        self.engine = engine
        self.engine_status, self.engine_code = engine_status, engine_code
        self.outcome: Outcome = outcome or self.default_outcome
        self.applied = applied
        self.candidates = candidates
        self.headers = headers

    def hint(self, more: str) -> Self:
        """Return this error with one more sentence in its detail; an empty one changes nothing."""
        if more:
            self.detail = f"{self.detail.removesuffix('.')}. {more.strip()}"
        return self

    @classmethod
    def title(cls) -> str:
        """Return the first line of the class's docstring, which is the same for every occurrence."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")

"""Find the known name that somebody probably meant: for the details of refusals, never for carrying anything out.

Names only; what a name stands for (a member, a parameter, an engine, a key) and the refusal's words are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from itertools import islice

_CUT_OFF = 0.65
"""Least ``SequenceMatcher.ratio``: ``user`` finds ``username`` (0.67), ``host`` does not find ``port`` (0.5)."""
_MAX_LENGTH = 64
"""Characters; comparing two names takes time that grows with the product of their lengths (64: about 0.3 ms)."""
_MAX_COMPARED = 500
"""Names compared by likeness: an instance may have thousands of variables."""
_SEPARATORS = str.maketrans("", "", "_-. ")


def nearest(name: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """Return the known name closest to an unknown one, or None when no known name is close.

    Case, ``_``, ``-``, ``.`` and spaces do not count: ``max_rows``, ``max-rows`` and ``maxRows`` are one name.

    Args:
        name: the unknown name.
        known: the names that the caller may see and that would be accepted; of equals the first wins.
        synonyms: other people's words and what they are called here (``processInstanceIdIn``: ``instanceIdIn``).
    """
    wanted = _folded(name)
    for word, meant in (synonyms or {}).items():
        if _folded(word) == wanted:
            return meant
    candidates = {each: _folded(each) for each in known}
    for each, folded in candidates.items():
        if folded == wanted:
            return each
    return _most_alike(wanted, candidates) if len(wanted) <= _MAX_LENGTH else None


def suggestion(name: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """Return `` Did you mean `NAME`?`` to append to a refusal's sentence, or an empty text when no name is close."""
    found = nearest(name, known, synonyms)
    return "" if found is None else f" Did you mean `{found}`?"


def _folded(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


def _most_alike(wanted: str, candidates: Mapping[str, str]) -> str | None:
    best, best_ratio = None, _CUT_OFF
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    short = ((each, folded) for each, folded in candidates.items() if len(folded) <= _MAX_LENGTH)
    for each, folded in islice(short, _MAX_COMPARED):
        matcher.set_seq1(folded)
        if matcher.quick_ratio() > best_ratio and (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = each, ratio
    return best

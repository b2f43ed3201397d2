"""What the machine asks: values that both vendors can hold, changes of every kind, conditions and keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.machine.model import Write
from tests.machine.world import OWNERS, Fault

_DIGITS = st.sampled_from([0, -7, 12345678901234567890123, Decimal("1.10"), Decimal("0.1000000000000000055")])
_FIELDS = st.sampled_from(["a", "b", "c/d~"])
_LEAVES = st.one_of(_DIGITS, st.booleans(), st.sampled_from(["", "é", "2026-01-01T00:00:00Z"]))
_DOCS = st.fixed_dictionaries(
    {"log": st.lists(_LEAVES, max_size=2)},
    optional={"a": _LEAVES, "b": st.dictionaries(_FIELDS, st.one_of(_LEAVES, st.none()), min_size=1, max_size=2)},
)
_FITTING: dict[str, st.SearchStrategy[Any]] = {
    "note": st.sampled_from(["", "x", "two words", "😀"]),
    "count": st.sampled_from([0, -1, 41, 2147483647]),
    "rate": st.sampled_from([Decimal("0.5"), Decimal("-2.25")]),
    "done": st.booleans(),
    "doc": _DOCS,
    "extra": st.sampled_from(["only one vendor", "creates names"]),
}
_SCALARS = ["note", "count", "rate", "done"]
_UNFIT = [(name, "a text") for name in ("count", "rate", "done")]
"""What Camunda stores as what it is, and IBM refuses."""
_NAMES = st.sampled_from([*_SCALARS, *_SCALARS, "doc", "doc", "extra"])
FITTING = st.sampled_from(_SCALARS).flatmap(lambda name: st.tuples(st.just(name), _FITTING[name]))
_PAIRS = st.sampled_from([True] * 7 + [False]).flatmap(
    lambda fits: (
        _NAMES.flatmap(lambda name: st.tuples(st.just(name), _FITTING[name])) if fits else st.sampled_from(_UNFIT)
    )
)
_PATCH = st.dictionaries(
    _FIELDS, st.one_of(_LEAVES, st.none(), st.dictionaries(_FIELDS, st.one_of(_LEAVES, st.none()), max_size=2)),
    max_size=3,
)  # fmt: skip
_EDITS = st.lists(
    st.one_of(
        st.builds(lambda value: {"op": "add", "path": "/log/-", "value": value}, _LEAVES),
        st.builds(lambda value: {"op": "add", "path": "/a", "value": value}, _LEAVES),
        st.builds(lambda value: {"op": "replace", "path": "/b/a", "value": value}, _LEAVES),
        st.sampled_from(["/a", "/b", "/b/b"]).map(lambda path: {"op": "remove", "path": path}),
        st.builds(lambda value: {"op": "test", "path": "/a", "value": value}, _LEAVES),
    ),
    min_size=1, max_size=3,
)  # fmt: skip

WRITES = st.one_of(
    st.builds(
        lambda pairs, gone: Write("patch", None, {"modifications": dict(pairs), "deletions": gone}),
        st.lists(_PAIRS, min_size=1, max_size=4), st.lists(_NAMES, max_size=1),
    ),
    st.builds(
        lambda pairs, gone, doc: Write("merge", None, dict(pairs) | dict.fromkeys(gone) | doc),
        st.lists(_PAIRS, min_size=1, max_size=2), st.lists(_NAMES, max_size=1),
        st.one_of(st.just({}), _PATCH.map(lambda patch: {"doc": patch})),
    ),
    _PAIRS.map(lambda pair: Write("put", *pair)),
    _NAMES.map(lambda name: Write("delete", name, None)),
    _PATCH.map(lambda patch: Write("change", "doc", patch)),
    _EDITS.map(lambda edits: Write("edit", "doc", edits)),
)  # fmt: skip
CONDITIONS = st.sampled_from([None] * 6 + ["current", "current", "current", "old", "new", "any"])
_FAULTS = [Fault(before=kind) for kind in ("refused", "silence", "500", "503", "page")]
_FAULTS += [Fault(write=kind) for kind in ("refused", "500", "502", "503", "conflict", "silence", "page")]
_FAULTS += [Fault(write=kind, lost=True) for kind in ("silence", "502", "page", "500", "silence")]
_FAULTS += [Fault(after=kind) for kind in ("refused", "500", "503")]
_FAULTS += [Fault(write="500", lost=lost, after="refused") for lost in (False, True)]
FAULTS = st.sampled_from([Fault()] * len(_FAULTS) + _FAULTS)
OWNER, CALLER = st.sampled_from(sorted(OWNERS)), st.sampled_from(["portal", "batch", "portal", "batch", "clerk"])


class Request(NamedTuple):
    """A write as it is sent, and sent again."""

    owner: str
    caller: str
    write: Write
    match: str | None = None
    none_match: str | None = None
    key: str | None = None
    shows: bool = False

    def sent(self, instance: str) -> tuple[tuple[str, ...], Any, dict[str, str]]:
        """Method and path, body, headers."""
        kind, name, content = self.write
        base = ("instances", instance, "variables")
        method, body, media = {
            "patch": ("PATCH", content, "json"),
            "merge": ("PATCH", content, "merge-patch+json"),
            "put": ("PUT", {"value": content}, "json"),
            "delete": ("DELETE", None, "json"),
            "change": ("PATCH", content, "merge-patch+json"),
            "edit": ("PATCH", content, "json-patch+json"),
        }[kind]
        if kind == "patch":
            body = {
                **content,
                "modifications": {key: {"value": value} for key, value in content["modifications"].items()},
            }
        headers = {
            "Content-Type": f"application/{media}",
            "Prefer": "return=representation" if self.shows else "return=minimal",
            "If-Match": self.match,
            "If-None-Match": self.none_match,
            "Idempotency-Key": self.key,
        }
        path = (method, *base) if name is None else (method, *base, name)
        return path, body, {key: value for key, value in headers.items() if value is not None}

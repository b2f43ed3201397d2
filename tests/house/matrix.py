"""The generated tables of README.md: what each engine can do, and every error. ``python -m tests.house.matrix`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from gateway import errors
from gateway.app import VENDORS
from gateway.port import FEATURES, Credentials
from gateway.web.v1.problems import MEDIA_TYPE

README = Path(__file__).parents[2] / "README.md"


def matrix() -> str:
    """Return the table of capabilities, each vendor with its default settings."""
    engines = {name: vendor.engine(name, vendor.settings(), Credentials()) for name, vendor in VENDORS.items()}
    capabilities = {name: engine.capabilities for name, engine in engines.items()}
    rows = [f"| capability | {' | '.join(f'`{name}`' for name in engines)} |", "|---|" + "---|" * len(engines)]
    for feature, says in FEATURES.items():
        marks = ["yes" if feature in each.features else "refused" for each in capabilities.values()]
        rows.append(f"| {says} (`{feature}`) | {' | '.join(marks)} |")
    for kind in sorted(set().union(*(each.types for each in capabilities.values()))):
        marks = ["yes" if kind in each.types else "by setting or rule, or refused" for each in capabilities.values()]
        rows.append(f"| values of type `{kind}` | {' | '.join(marks)} |")
    return "\n".join(rows)


def error_classes() -> list[type[errors.VarbridgeError]]:
    """Return every error that a caller can see."""
    found = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.VarbridgeError)
    ]
    abstract = {errors.VarbridgeError, errors.Refusal, errors.EngineFailure}
    return sorted((kind for kind in found if kind not in abstract), key=lambda kind: (kind.status, kind.code))


def error_table() -> str:
    """Return the table of codes."""
    rows = [f"| status | `code` of the `{MEDIA_TYPE}` | when | retry? |", "|---|---|---|---|"]
    seen: set[str] = set()
    for kind in error_classes():
        if kind.code not in seen:
            seen.add(kind.code)
            rows.append(f"| {kind.status} | `{kind.code}` | {kind.title()} | {'yes' if kind.retryable else 'no'} |")
    return "\n".join(rows)


TABLES = {"matrix": matrix, "errors": error_table}


def shown(text: str, name: str) -> str:
    """Return what stands between the markers of a table."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", text, re.DOTALL)
    return found.group(1) if found else ""


def written(text: str) -> str:
    """Return the page with its tables as they should be."""
    for name, table in TABLES.items():
        text = replaced(text, name, table())
    return text


def replaced(text: str, name: str, table: str) -> str:
    """Return a page with one table anew."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return pattern.sub(lambda found: found.group(1) + table + "\n" + found.group(2), text)


if __name__ == "__main__":
    _ = README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")

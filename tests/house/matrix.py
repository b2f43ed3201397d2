"""The generated tables of README.md: what each engine and dialect can do, and every error. ``python -m tests.house.matrix`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from gateway import errors
from gateway.app import VENDORS
from gateway.port import FEATURES, Credentials, DialectRequest, Passed, UploadedForm
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


CALLS: tuple[tuple[str, str, str, str], ...] = (
    ("camunda7", "GET", "process-instance/{id}", "the instance"),
    ("camunda7", "GET", "process-instance/{id}/variables", "business objects and lists as `Json` texts"),
    ("camunda7", "POST", "process-instance/{id}/variables", "types and `valueInfo` as Camunda takes them"),
    ("camunda7", "GET", "process-instance/{id}/variables/{name}", "`deserializeValue` changes nothing"),
    ("camunda7", "PUT", "process-instance/{id}/variables/{name}", ""),
    ("camunda7", "DELETE", "process-instance/{id}/variables/{name}", ""),
    ("camunda7", "GET", "execution/{id}/localVariables", "`{id}` is the instance: IBM has that scope only; writes too"),
    (
        "camunda7",
        "GET",
        "process-instance/{id}/variables/{name}/data",
        "the content, streamed; a text that is base64 by `binary`",
    ),
    (
        "camunda7",
        "POST",
        "process-instance/{id}/variables/{name}/data",
        "a form with `data` and `valueType`, Bytes or File; with `type` in its place (a plain map or list) `PatchVariables`",
    ),
    (
        "camunda7",
        "POST",
        "process-instance/{id}/modification",
        "one `cancel`, alone or with one start, is what IBM has",
    ),
    ("camunda7", "POST", "process-instance/{id}/modification-async", ""),
    ("camunda7", "GET", "process-instance/{id}/activity-instances", "the root, and each token below it"),
    ("camunda7", "PUT", "process-instance/{id}/suspended", ""),
    (
        "camunda7",
        "POST",
        "process-instance",
        "by business key, ids, definition key, variables, state; `GET`, `…/count` too",
    ),
    ("camunda7", "POST", "variable-instance", "the owners of ids in it; `GET` too, `firstResult` and `maxResults`"),
    ("camunda7", "GET", "variable-instance/count", "`POST` too"),
    ("camunda7", "DELETE", "process-instance/{id}", "terminated; without the `skip…` flags"),
    (
        "camunda7",
        "GET",
        "history/variable-instance?processInstanceId=1",
        "`processInstanceIdIn`, `POST`, `…/count` too",
    ),
    (
        "camunda7",
        "POST",
        "process-definition/key/{key}/start",
        "where `[[routing.start]]` sends the key; `submit-form` too",
    ),
    ("camunda7", "POST", "task/{id}/complete", "`submit-form` too; with `withVariablesInReturn` a read after it"),
    ("camunda7", "GET", "task/{id}/variables", "of the instance: IBM has that scope only; `localVariables` too"),
    ("camunda7", "GET", "task/{id}/variables/{name}", ""),
    ("camunda7", "PUT", "task/{id}/variables/{name}", ""),
    ("camunda7", "POST", "task/{id}/claim", ""),
    ("camunda7", "POST", "message", "to instances of Camunda's engines; IBM's do not say who got one, and refuse"),
    (
        "ibm_bpm",
        "GET",
        "process/{id}",
        "lists wrapped, objects with `@metadata`; `parts` header, data, executionTree, all, none",
    ),
    ("ibm_bpm", "PUT", "process/{id}/variable/{name}", "the whole value, an object or a list; the stored type stays"),
    ("ibm_bpm", "PUT", "process/{id}/variables", "values of any kind; null is null"),
    (
        "ibm_bpm",
        "POST",
        "process/{id}?action=moveToken&tokenId={token}&target={step}",
        "also as a form; `resume=true` only",
    ),
    ("ibm_bpm", "POST", "process/{id}?action=deleteToken&tokenId={token}", "the last one ends the instance"),
    ("ibm_bpm", "PUT", "process/{id}?action=suspend", "`resume` and `terminate` likewise, PUT or POST"),
    ("ibm_bpm", "PUT", "process/{id}?action=retry", ""),
    (
        "ibm_bpm",
        "POST",
        "process?action=start&bpdId={key}",
        "where `[[routing.start]]` sends the key, or at a door before an engine of Camunda's; also as a form",
    ),
    ("ibm_bpm", "GET", "task/{id}", "`parts` data, all, none; data is what the task sees"),
    ("ibm_bpm", "PUT", "task/{id}?action=finish", "`complete` is the same; `params` in the query or a form"),
    ("ibm_bpm", "PUT", "task/{id}?action=claim", ""),
    ("ibm_bpm", "GET", "process?action=getdetails&instanceIds=1,2", "on any engines; the ids may be JSON or in a form"),
    (
        "ibm_bpm",
        "PUT",
        "search/query?organization=byInstance",
        "`instanceId`, `bpdName`, `instanceName`, `instanceStatus` (Active, Suspended), variables; GET and POST too",
    ),
    ("ibm_bpm", "GET", "exposed/process", "what the front door's engine starts; follow `startURL`; `exposed` too"),
)
"""Calls of the vendors' own APIs on an instance of the other vendor, with a word on those that are commands."""


NAMING = {"history/variable-instance": "processInstanceId", "history/variable-instance/count": "processInstanceId"}
"""Parameters, and members of bodies, by which a search names the instance without which it means nothing."""
BODIES = {
    "message": b'{"messageName":"m"}',
    "process-instance/{id}/modification": b'{"instructions":[{"type":"cancel","activityId":"a"}]}',
    **{path: f'{{"{member}":"x"}}'.encode() for path, member in NAMING.items()},
}
"""Bodies of calls that mean nothing with an empty object."""


def dialect_table() -> str:
    """Return the table of what each language can say of another vendor's instance."""
    rows = ["| language | call | on an instance of the other vendor |", "|---|---|---|"]
    for vendor, method, target, words in CALLS:
        path, _, query = target.partition("?")
        request = DialectRequest(
            method=method,
            segments=tuple(path.split("/")),
            query=dict(each.split("=") for each in query.split("&") if each),
            headers={"Content-Type": "application/json"},
            body=BODIES.get(target, b"{}"),
            form=UploadedForm(fields={}, content=b""),
        )
        decoded = VENDORS[vendor].dialect().decode(request)
        commands = () if isinstance(decoded, Passed) else decoded
        said = ", ".join(f"`{type(command).__name__}`" for command in commands) or "refused"
        rows.append(f"| `{vendor}` | `{method} {target}` | {said}{f': {words}' if words else ''} |")
    return "\n".join(rows)


TABLES = {"matrix": matrix, "errors": error_table, "dialects": dialect_table}


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

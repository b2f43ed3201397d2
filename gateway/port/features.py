"""What engines can do: the names of features, limits, and the capabilities of one configured engine."""

from __future__ import annotations

import msgspec

from gateway.model import query

FEATURES: dict[str, str] = {
    "engine.describe": "tell version and health",
    "instances.describe": "read one instance",
    "instances.find.business_key": "find instances by business key",
    "instances.find.definition": "find instances by definition",
    "instances.find.ids": "find instances among some ids",
    "instances.find.variables": "find instances by the values of their variables",
    "instances.find.state": "find instances that are suspended, or are not",
    "definitions.list": "list the definitions that can be started",
    "instances.start": "start an instance with variables",
    "instances.start.business_key": "give a new instance a business key",
    "instances.start.tenant": "start a tenant's definition",
    "tasks.complete": "complete a task with variables",
    "messages.correlate": "correlate a message with variables",
    "variables.read": "read variables, typed",
    "variables.write": "set several variables in one call",
    "variables.create": "set a name that did not exist before",
    "variables.delete": "delete a variable",
    "variables.delete_by_null": "stand in for a deletion by writing null (rule delete-set-null)",
    "variables.atomic": "apply all of a patch or nothing",
    "variables.stored_types": "keep a variable's type between writes",
    "variables.merge": "merge JSON into a structured variable",
    "variables.json_patch": "change parts of a structured variable by JSON patch",
    "variables.conditional": "write only if the variables are as expected (If-Match)",
    "variables.transient": "take a transient variable",
    "variables.scopes": "read and write execution and task scopes",
    "instances.ended": "read instances that have ended, and their variables",
    "instances.activities": "show where the tokens of an instance are",
    "instances.state": "suspend an instance, let it go on, terminate it",
    "modification": "cancel and start activities: one token to another step, or away",
    "modification.free": "cancel and start any number of activities in order, all or nothing",
    "modification.transition": "start a sequence flow",
    "modification.local": "set local variables where a token starts",
    "modification.skip": "skip listeners and mappings of what starts and ends",
    "binary.read": "stream a bytes or file variable out",
    "binary.write": "stream a bytes or file variable in",
    "query": "find variables of all instances",
    **query.FEATURES,
    "query.sort.tenant": "sort a query by tenant",
}
"""Every capability an engine may have; the conformance kit and the matrix in README go by these."""


class EngineLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine holds at most; None = no limit known."""

    string_length: int | None = None
    """UTF-16 units of one string."""
    name_length: int = 255
    """Characters of a variable name."""
    rows: int = 1000
    """Rows of a query that one plan returns."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one configured engine can do.

    Args:
        features: keys of ``FEATURES``.
        types: unified types, with format where the type has any (``integer/int32``), that it holds without a rule.
    """

    features: frozenset[str]
    types: frozenset[str]
    limits: EngineLimits = EngineLimits()

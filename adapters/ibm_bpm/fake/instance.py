"""One instance of the fake engine, as data; ``server`` and ``work`` change it."""

from __future__ import annotations

import msgspec

from adapters.ibm_bpm.fake.convert import Shape
from adapters.ibm_bpm.fake.tokens import Tokens
from gateway.model.jsontext import Tree


class FakeInstance(msgspec.Struct, kw_only=True):
    """One instance: what its model declares, and what is set."""

    id: str
    definition: str
    shapes: dict[str, Shape]
    variables: dict[str, Tree]
    state: str = "Active"
    snapshot: str = ""
    tokens: Tokens = msgspec.field(default_factory=Tokens)
    completed: dict[str, str] = {}
    """Task that is completed to its step."""

"""The port that an adapter fills: one method per operation, each refusing by default.

A method takes a command whose instance id is native and gives a plan. What an engine cannot do it refuses with
``Unsupported`` before its first request. What must not live here: a vendor's word.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NoReturn, Protocol

import msgspec

from gateway.errors import Unsupported, VarbridgeError
from gateway.model import commands, query, results, running
from gateway.model.modification import ModifyInstance
from gateway.plan import Plan, VendorRequest, VendorResponse

FEATURES: dict[str, str] = {
    "engine.describe": "tell version and health",
    "instances.describe": "read one instance",
    "instances.find.business_key": "find instances by business key",
    "instances.find.definition": "find instances by definition",
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
    "modification": "cancel and start activities: one token to another step, or away",
    "modification.free": "cancel and start any number of activities in order, all or nothing",
    "modification.transition": "start a sequence flow",
    "modification.local": "set local variables where a token starts",
    "modification.skip": "skip listeners and mappings of what starts and ends",
    "binary.read": "stream a bytes or file variable out",
    "binary.write": "stream a bytes or file variable in",
    "query": "find variables of all instances",
    **query.FEATURES,
}
"""Every capability an engine may have; the conformance kit and the matrix in README go by these."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine holds at most; None = no limit known."""

    string_length: int | None = None
    """UTF-16 units of one string."""
    name_length: int = 255
    """Characters of a variable name."""
    rows: int = 1000
    """Rows of a query that one plan gives."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one configured engine can do.

    Args:
        features: keys of ``FEATURES``.
        types: unified types, with format where the type has any (``integer/int32``), that it holds without a rule.
    """

    features: frozenset[str]
    types: frozenset[str]
    limits: Limits = Limits()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's own login at an engine, secrets resolved. ``kind`` as in the configuration contract."""

    kind: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        """Name the kind only: a secret never reaches a log by accident."""
        return f"Credentials(kind={self.kind!r})"


class Session(msgspec.Struct, frozen=True):
    """What a log-in gave: headers to add to each request. Never logged."""

    headers: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Say that there is one, not what is in it."""
        return "Session(…)"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is demanded of writes on one engine, whatever its vendor.

    Args:
        require_if_match: a write of ``/v1`` without a condition is refused.
        strong_binary: the tag of a bytes or file variable is strong; comparing it costs reading the content.
        verify: ``after`` reads back what was written and compares.
    """

    require_if_match: bool = False
    strong_binary: bool = False
    verify: Literal["off", "after"] = "off"


class Engine:
    """One configured engine of some vendor: commands in, plans out. It does no I/O and holds no state of calls."""

    vendor: ClassVar[str] = ""

    def __init__(self, name: str, settings: Any, credentials: Credentials, policy: Policy | None = None) -> None:
        self.name = name
        self.settings = settings
        self.credentials = credentials
        self.policy = policy or Policy()

    @property
    def capabilities(self) -> Capabilities:
        """Give what this engine, configured as it is, can do."""
        raise NotImplementedError

    @property
    def seeks(self) -> bool:
        """Tell whether a query goes on after a row by itself (``QueryVariables.after``), without counting rows."""
        return False

    def native_id(self, text: str) -> str:
        """Give the id in the spelling that this engine uses.

        Raises:
            InvalidRequest: no instance of this vendor can have such an id.
        """
        return text

    def native_task(self, text: str) -> str:
        """Give a task's id in the spelling that this engine uses.

        Raises:
            InvalidRequest: no task of this vendor can have such an id.
        """
        return text

    def describe_engine(self, command: commands.DescribeEngine) -> Plan[results.EngineDescribed]:
        """Give version and health."""
        self._refuse(command)

    def describe_instance(self, command: commands.DescribeInstance) -> Plan[results.InstanceDescribed]:
        """Give one instance."""
        self._refuse(command)

    def find_instances(self, command: commands.FindInstances) -> Plan[results.InstancesFound]:
        """Give the instances that match."""
        self._refuse(command)

    def list_activities(self, command: commands.ListActivities) -> Plan[results.ActivitiesListed]:
        """Give where the tokens of an instance are."""
        self._refuse(command)

    def modify_instance(self, command: ModifyInstance) -> Plan[results.InstanceModified]:
        """Cancel and start activities."""
        self._refuse(command)

    def list_variables(self, command: commands.ListVariables) -> Plan[results.VariablesListed]:
        """Give the variables of an instance."""
        self._refuse(command)

    def get_variable(self, command: commands.GetVariable) -> Plan[results.VariableRead]:
        """Give one variable."""
        self._refuse(command)

    def patch_variables(self, command: commands.PatchVariables) -> Plan[results.VariablesPatched]:
        """Set, merge and delete variables."""
        self._refuse(command)

    def read_binary(self, command: commands.ReadBinary) -> Plan[results.BinaryRead]:
        """Give the content of a blob."""
        self._refuse(command)

    def write_binary(self, command: commands.WriteBinary) -> Plan[results.VariablesPatched]:
        """Take the content of a blob."""
        self._refuse(command)

    def start_instance(self, command: running.StartInstance) -> Plan[results.InstanceStarted]:
        """Start an instance."""
        self._refuse(command)

    def describe_task(self, command: running.DescribeTask) -> Plan[results.TaskDescribed]:
        """Give whose task it is."""
        self._refuse(command)

    def complete_task(self, command: running.CompleteTask) -> Plan[results.TaskCompleted]:
        """Complete a task."""
        self._refuse(command)

    def correlate_message(self, command: running.CorrelateMessage) -> Plan[results.MessageCorrelated]:
        """Hand a message to who waits for it."""
        self._refuse(command)

    def supposed(self, request: VendorRequest) -> VendorResponse:
        """Give the answer to a request that writes as it would be if it went well; for dry runs, which send none."""
        del request
        return VendorResponse(204)

    def query_variables(self, command: query.QueryVariables) -> Plan[query.VariablesFound]:
        """Give a piece of the variables that match, of all instances."""
        self._refuse(command)

    def count_variables(self, command: query.CountVariables) -> Plan[query.VariablesCounted]:
        """Count the variables that match."""
        self._refuse(command)

    def _refuse(self, command: commands.Command) -> NoReturn:
        msg = f"{self.vendor} engines cannot carry out {type(command).__name__}."
        raise Unsupported(msg, engine=self.name)

    # How the gateway makes itself known to the engine. State (the session) lives in ``gateway.wire``.

    @property
    def needs_session(self) -> bool:
        """Tell whether ``log_in`` must have run before a request can be signed."""
        return False

    def log_in(self) -> Plan[Session]:
        """Give the conversation that opens a session."""
        msg = f"{self.vendor} engines have no log-in."
        raise Unsupported(msg, engine=self.name)

    def sign(self, request: VendorRequest, session: Session | None) -> VendorRequest:
        """Give the request with the gateway's credentials: Basic, bearer, or the session's headers."""
        added = authorization(self.credentials) if session is None else session.headers
        return msgspec.structs.replace(request, headers=request.headers + added) if added else request

    def expired(self, answer: VendorResponse) -> bool:
        """Tell whether an answer means that the session is no longer good (log in once more, once)."""
        del answer
        return False


def authorization(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """Give the ``Authorization`` header of Basic and bearer credentials; none for other kinds."""
    if credentials.kind == "basic":
        pair = f"{credentials.username}:{credentials.password}".encode()
        return (("Authorization", "Basic " + base64.b64encode(pair).decode("ascii")),)
    if credentials.kind == "bearer":
        return (("Authorization", f"Bearer {credentials.token}"),)
    return ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request in a vendor's dialect asks for, as far as lanes, scopes and write lanes need to know.

    Args:
        scope: the scope it needs (``variables:read`` …), or ``passthrough:read`` and ``passthrough:write``.
        writes: whether it changes anything; verbs lie.
        instance: id of the instance it names, as the caller wrote it, if that is certain.
        polls: whether it may wait for work (``Dialect.poll_s`` tells how long).
        definition: what it starts an instance of, as rules of start routing name it, if that is certain.
    """

    scope: str
    writes: bool
    instance: str | None = None
    polls: bool = False
    definition: str | None = None


class Dialect:
    """A vendor's language towards callers. Pure: it reads requests and spells errors, and forwards nothing."""

    vendor: ClassVar[str] = ""
    scrubs: ClassVar[bool] = False
    """Whether answers must be looked at before callers see them (``scrubbed``)."""
    hides: ClassVar[bytes] = b""
    """The word without which ``scrubbed`` has nothing to do; long answers are only searched for it."""
    forms: ClassVar[frozenset[str]] = frozenset()
    """Parameters that decide what is asked, and that a form may say instead of the query; none = forms do not count."""
    proofs: ClassVar[frozenset[str]] = frozenset()
    """Headers, in lower case, that belong to a caller's own session; they go where its credentials go."""

    def asked(
        self, method: str, segments: tuple[str, ...], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Asked:
        """Tell what a request asks for; ``segments`` below the prefix, decoded, header names in any case."""
        raise NotImplementedError

    def failed(self, error: VarbridgeError, accept: str) -> VendorResponse:
        """Spell an error that was born in the gateway as this vendor's clients expect errors."""
        raise NotImplementedError

    def poll_s(self, body: bytes) -> float:
        """Tell how long a polling request asks to wait, in seconds."""
        del body
        return 0.0

    def scrubbed(self, body: bytes) -> bytes:
        """Give an answer's body without what no caller may see."""
        return body


class Fake(Protocol):
    """An in-memory engine of a vendor: pure, shipped, kept true by live tests or recorded facts."""

    base_path: ClassVar[str]
    """Path below which a real server of this vendor serves its API, e.g. ``/rest``."""

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Answer one request as a real server would; the body is always bytes."""
        ...

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Start an instance with vendor-shaped variables; give its native id."""
        ...

    def showcase(self) -> str:
        """Start an instance that shows what the vendor can hold, for demonstrations; give its native id.

        It has the variables ``amount`` (a number), ``note`` (a text) and ``obsolete``.
        """
        ...

    @staticmethod
    def example(instance: str) -> tuple[tuple[str, ...], str]:
        """Give path segments and query of a read that clients of this vendor make: the variables of an instance."""
        ...


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter package exports as ``VENDOR``.

    Args:
        name: the word in ``vendor = "…"`` of the configuration.
        settings: struct of the keys an engine of this vendor takes besides the common ones; strict.
        engine: the engine class.
        fake: the class of its fake.
        dialect: its language towards callers.
        auth_kinds: values of ``auth.kind`` that it understands.
    """

    name: str
    settings: type[msgspec.Struct]
    engine: type[Engine]
    fake: type[Fake]
    dialect: type[Dialect]
    auth_kinds: frozenset[str]

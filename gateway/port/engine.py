"""The engine that an adapter fills in: one method per operation, each refusing by default.

A method takes a command whose instance id is native and returns a plan. What an engine cannot do it refuses with
``Unsupported`` before its first request. What must not live here: a vendor's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal, NoReturn

import msgspec

from gateway.errors import Unsupported
from gateway.model import commands, lifecycle, query, results
from gateway.model.modification import ModifyInstance
from gateway.model.values import Value
from gateway.model.verdict import Declared, Foreseen, Verdict
from gateway.plan import Plan, VendorRequest, VendorResponse
from gateway.port import assessing, oauth2
from gateway.port.credentials import Credentials, LogIn, Session, authorization
from gateway.port.features import Capabilities


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
    """One configured engine of some vendor: commands in, plans out. It does no I/O and keeps no state between calls."""

    vendor: ClassVar[str] = ""
    lenient: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Settings that allow a lossy step by a rule, or a type that needs something on the server, each with its value."""

    def __init__(self, name: str, settings: Any, credentials: Credentials, policy: Policy | None = None) -> None:
        self.name = name
        self.settings = settings
        self.credentials = credentials
        self.policy = policy or Policy()

    @property
    def capabilities(self) -> Capabilities:
        """Return what this engine can do, configured as it is."""
        raise NotImplementedError

    @property
    def seeks(self) -> bool:
        """Return whether the engine itself goes on behind a row (``QueryVariables.after``), without counting rows."""
        return False

    def native_id(self, text: str) -> str:
        """Return an instance's id in the spelling that this engine uses.

        Raises:
            InvalidRequest: no instance of this vendor can have such an id.
        """
        return text

    def native_task(self, text: str) -> str:
        """Return a task's id in the spelling that this engine uses.

        Raises:
            InvalidRequest: no task of this vendor can have such an id.
        """
        return text

    def describe_engine(self, command: commands.DescribeEngine) -> Plan[results.EngineDescribed]:
        """Read version and health."""
        self._refuse(command)

    def describe_instance(self, command: commands.DescribeInstance) -> Plan[results.InstanceDescribed]:
        """Read one instance."""
        self._refuse(command)

    def find_instances(self, command: commands.FindInstances) -> Plan[results.InstancesFound]:
        """Find the instances that match."""
        self._refuse(command)

    def list_definitions(self, command: commands.ListDefinitions) -> Plan[results.DefinitionsListed]:
        """List the definitions of which instances can be started."""
        self._refuse(command)

    def list_activities(self, command: commands.ListActivities) -> Plan[results.ActivitiesListed]:
        """List where the tokens of an instance are."""
        self._refuse(command)

    def modify_instance(self, command: ModifyInstance) -> Plan[results.InstanceModified]:
        """Cancel and start activities."""
        self._refuse(command)

    def change_state(self, command: lifecycle.ChangeState) -> Plan[results.StateChanged]:
        """Suspend an instance, let it go on, or terminate it."""
        self._refuse(command)

    def list_variables(self, command: commands.ListVariables) -> Plan[results.VariablesListed]:
        """List the variables of an instance."""
        self._refuse(command)

    def get_variable(self, command: commands.GetVariable) -> Plan[results.VariableRead]:
        """Read one variable."""
        self._refuse(command)

    def patch_variables(self, command: commands.PatchVariables) -> Plan[results.VariablesPatched]:
        """Set, merge and delete variables."""
        self._refuse(command)

    def read_binary(self, command: commands.ReadBinary) -> Plan[results.BinaryRead]:
        """Read the content of a bytes or file variable."""
        self._refuse(command)

    def write_binary(self, command: commands.WriteBinary) -> Plan[results.VariablesPatched]:
        """Write the content of a bytes or file variable."""
        self._refuse(command)

    def start_instance(self, command: lifecycle.StartInstance) -> Plan[results.InstanceStarted]:
        """Start an instance."""
        self._refuse(command)

    def describe_task(self, command: lifecycle.DescribeTask) -> Plan[results.TaskDescribed]:
        """Read one task, and which instance it belongs to."""
        self._refuse(command)

    def complete_task(self, command: lifecycle.CompleteTask) -> Plan[results.TaskCompleted]:
        """Complete a task."""
        self._refuse(command)

    def correlate_message(self, command: lifecycle.CorrelateMessage) -> Plan[results.MessageCorrelated]:
        """Hand a message to whoever waits for it."""
        self._refuse(command)

    def assume_success(self, request: VendorRequest) -> VendorResponse:
        """Return the answer that a request that writes would get if it went well; dry runs send no such request."""
        del request
        return VendorResponse(204)

    # What a write would do, without a request: for moving variables from one engine to another.

    def foresee_value(self, name: str, value: Value, declared: Declared | None) -> Foreseen:
        """Return what a read would show after a write of a value, by the engine's own encoder and decoder.

        Args:
            name: of the variable, which holds nothing yet.
            value: with its content, as some other engine has shown it.
            declared: names and types that this engine's process declares, as far as they are known.

        Raises:
            Refusal: the write would be refused, with the same error.
        """
        del name, value, declared
        msg = f"{self.vendor} engines cannot say what a write would do."
        raise Unsupported(msg, engine=self.name)

    def alternatives(self) -> Iterator[tuple[str, Engine]]:
        """Yield this engine as each other lenient setting would make it, with that setting in the words of TOML."""
        for name, value in self.lenient:
            if getattr(self.settings, name) != value:
                settings = msgspec.structs.replace(self.settings, **{name: value})
                yield f'{name} = "{value}"', type(self)(self.name, settings, self.credentials, self.policy)

    def foresee(self, variable: results.Variable, declared: Declared | None = None) -> Foreseen:
        """Return what a read would show after a write of a variable that some other engine has shown.

        Args:
            variable: the instance's own, and readable; a blob may come without content, and is foreseen without.
            declared: as in ``foresee_value``.

        Raises:
            Refusal: the write would be refused, with the same error.
        """
        return assessing.foresee(self.foresee_value, variable, declared)

    def assess(
        self,
        variables: Iterable[results.Variable],
        *,
        declared: Declared | None = None,
        max_held_bytes: int = commands.MAX_HELD_BYTES,
    ) -> tuple[Verdict, ...]:
        """Return, for each variable that some other engine has shown, whether this one can hold it. No request is sent.

        Args:
            variables: as they were read; blobs may come without content.
            declared: names that this engine's process declares; None = not known.
            max_held_bytes: most of a blob that is held in memory, where this engine takes no stream.
        """
        features = self.capabilities.features
        target = assessing.Target(
            foresee=self.foresee,
            creates="variables.create" in features,
            declared=declared,
            max_held_bytes=None if "binary.write" in features else max_held_bytes,
        )
        return tuple(assessing.assess(target, each) for each in variables)

    def query_variables(self, command: query.QueryVariables) -> Plan[query.VariablesFound]:
        """Find some of the variables that match, in all instances."""
        self._refuse(command)

    def count_variables(self, command: query.CountVariables) -> Plan[query.VariablesCounted]:
        """Count the variables that match, in all instances."""
        self._refuse(command)

    def _refuse(self, command: commands.Command) -> NoReturn:
        msg = f"{self.vendor} engines cannot carry out {type(command).__name__}."
        raise Unsupported(msg, engine=self.name)

    # How the gateway makes itself known to the engine. State (the session) lives in ``gateway.wire``.

    @property
    def needs_session(self) -> bool:
        """Return whether ``log_in`` must have run before a request can be signed."""
        return self.credentials.kind == "oauth2"

    @property
    def session_header(self) -> str:
        """Return the name of the header that carries a session."""
        return "Authorization"

    def log_in(self) -> LogIn:
        """Return the plan that opens a session."""
        if self.credentials.kind == "oauth2":
            return oauth2.log_in(self.name, self.credentials)
        msg = f"{self.vendor} engines have no log-in."
        raise Unsupported(msg, engine=self.name)

    def sign(self, request: VendorRequest, session: Session | None) -> VendorRequest:
        """Return a request with the gateway's credentials: Basic, bearer, or the headers of the session."""
        added = authorization(self.credentials) if session is None else session.headers
        return msgspec.structs.replace(request, headers=request.headers + added) if added else request

    def expired(self, answer: VendorResponse) -> bool:
        """Return whether an answer means that the session is over; then the gateway logs in again, once."""
        return self.credentials.kind == "oauth2" and answer.status == 401  # noqa: PLR2004

"""The engine class: its capabilities, and each operation handed to the module that carries it out."""

from __future__ import annotations

import msgspec

from adapters.ibm_bpm import (
    activities,
    auth,
    binary,
    definitions,
    finding,
    foresight,
    instances,
    messages,
    modification,
    patch,
    query,
    starting,
    state,
    tasks,
    variables,
)
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models
from adapters.ibm_bpm.values.encode import NAME_LENGTH
from adapters.ibm_bpm.wire import instance_number, task_number
from gateway.errors import InvalidRequest
from gateway.model import commands, lifecycle, results
from gateway.model.modification import ModifyInstance
from gateway.model.query import CountVariables, QueryVariables, VariablesCounted, VariablesFound
from gateway.model.values import Value
from gateway.model.verdict import Declared, Foreseen
from gateway.plan import Plan, VendorRequest, VendorResponse
from gateway.port import Capabilities, Credentials, Engine, EngineLimits, LogIn, Policy, Session

_FEATURES = frozenset(
    (
        "engine.describe",
        "definitions.list",
        "instances.describe",
        "instances.find.definition",
        "instances.find.ids",
        "instances.find.state",
        "instances.find.variables",
        "instances.ended",
        "instances.start",
        "instances.state",
        "tasks.complete",
        "variables.read",
        "variables.write",
        "variables.merge",
        "instances.activities",
        "modification",
        "variables.json_patch",
        "variables.conditional",
        "query",
        "query.variableName",
        "query.variableNameLike",
        "query.instanceIdIn",
        "query.variableValues",
        "query.variableNamesIgnoreCase",
        "query.variableValuesIgnoreCase",
    )
)
_TYPES = frozenset(
    (
        "null",
        "boolean",
        "integer/int32",
        "number/double",
        "number/decimal",
        "string",
        "json",
        "list",
    )
)


class IbmBpmEngine(Engine):
    """One IBM BPM or BAW server."""

    vendor = "ibm_bpm"
    lenient = (
        ("fractions", "truncate"),
        ("int64", "string"),
        ("binary", "envelope"),
        ("binary", "base64"),
        ("deletions", "set_null"),
    )
    settings: Settings

    def __init__(self, name: str, settings: Settings, credentials: Credentials, policy: Policy | None = None) -> None:
        super().__init__(name, settings, credentials, policy)
        self._models = Models()
        """Types that process models declare, kept between calls."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what the engine can do, as it is set."""
        settings = self.settings
        optional = {
            "variables.delete_by_null": settings.deletions == "set_null",
            "binary.read": settings.binary != "refuse",
            "instances.find.business_key": bool(settings.business_key),
            "instances.start.business_key": bool(settings.business_key_variable),
        }
        more = {"bytes", "file"} if settings.binary == "envelope" else set()
        more |= {"object"} if settings.metadata != "as_given" else set()
        return Capabilities(
            features=_FEATURES | {feature for feature, there in optional.items() if there},
            types=_TYPES | more,
            limits=EngineLimits(name_length=NAME_LENGTH),
        )

    def native_id(self, text: str) -> str:
        """Return the number; ``2072.n``, ``BPDInstance.n`` and ``n`` are the same instance.

        Raises:
            InvalidRequest: not a number.
        """
        found = instance_number(text)
        if found is None:
            raise InvalidRequest("An instance id of this engine is a number.", engine=self.name)
        return found

    def describe_engine(self, command: commands.DescribeEngine) -> Plan[results.EngineDescribed]:
        """Read the server's version."""
        del command
        return instances.describe_engine(self.name)

    def describe_instance(self, command: commands.DescribeInstance) -> Plan[results.InstanceDescribed]:
        """Describe one instance."""
        return instances.describe_instance(self.name, command)

    def find_instances(self, command: commands.FindInstances) -> Plan[results.InstancesFound]:
        """Find the instances that match."""
        return finding.find_instances(self.name, self.settings, command)

    def list_definitions(self, command: commands.ListDefinitions) -> Plan[results.DefinitionsListed]:
        """List the processes that are exposed to be started."""
        return definitions.list_definitions(self.name, command)

    def start_instance(self, command: lifecycle.StartInstance) -> Plan[results.InstanceStarted]:
        """Start an instance."""
        return starting.start_instance(self.name, self.settings, command)

    def native_task(self, text: str) -> str:
        """Return the number; ``2078.n``, ``Task.n`` and ``n`` are the same task.

        Raises:
            InvalidRequest: not a number.
        """
        found = task_number(text)
        if found is None:
            raise InvalidRequest("A task id of this engine is a number.", engine=self.name)
        return found

    def describe_task(self, command: lifecycle.DescribeTask) -> Plan[results.TaskDescribed]:
        """Describe one task."""
        return tasks.describe_task(self.name, command)

    def complete_task(self, command: lifecycle.CompleteTask) -> Plan[results.TaskCompleted]:
        """Complete a task."""
        return tasks.complete_task(self.name, self.settings, command)

    def correlate_message(self, command: lifecycle.CorrelateMessage) -> Plan[results.MessageCorrelated]:
        """Refuse messages."""
        messages.correlate_message(self.name, command)

    def list_activities(self, command: commands.ListActivities) -> Plan[results.ActivitiesListed]:
        """List where the tokens are."""
        return activities.list_activities(self.name, command)

    def modify_instance(self, command: ModifyInstance) -> Plan[results.InstanceModified]:
        """Cancel and start activities."""
        return modification.modify_instance(self.name, self.settings, command)

    def change_state(self, command: lifecycle.ChangeState) -> Plan[results.StateChanged]:
        """Suspend an instance, let it go on, or terminate it."""
        return state.change_state(self.name, command)

    def list_variables(self, command: commands.ListVariables) -> Plan[results.VariablesListed]:
        """List variables."""
        return variables.list_variables(self.name, self.settings, command, self._models)

    def get_variable(self, command: commands.GetVariable) -> Plan[results.VariableRead]:
        """Read one variable."""
        return variables.get_variable(self.name, self.settings, command, self._models)

    @property
    def seeks(self) -> bool:
        """Return that a query goes on after a row: it is evaluated here, in an order of our own."""
        return True

    def query_variables(self, command: QueryVariables) -> Plan[VariablesFound]:
        """Find variables of all instances."""
        return query.query_variables(self.name, self.settings, command)

    def count_variables(self, command: CountVariables) -> Plan[VariablesCounted]:
        """Count variables of all instances."""
        return query.count_variables(self.name, self.settings, command)

    def patch_variables(self, command: commands.PatchVariables) -> Plan[results.VariablesPatched]:
        """Set, merge, patch and delete."""
        return patch.patch_variables(self.name, self.settings, command, self._models)

    def foresee_value(self, name: str, value: Value, declared: Declared | None) -> Foreseen:
        """Return what a read would show after a write, into a variable that holds nothing yet."""
        return foresight.foresee_value(self.name, self.settings, name, value, declared)

    def read_binary(self, command: commands.ReadBinary) -> Plan[results.BinaryRead]:
        """Read the content of a blob, where the engine is set to keep any."""
        if self.settings.binary == "refuse":
            return super().read_binary(command)
        return binary.read_binary(self.name, self.settings, command, self._models)

    def assume_success(self, request: VendorRequest) -> VendorResponse:
        """Return the success of a write: an envelope with nothing in it, but for the id of what was started."""
        data = b'{"piid":""}' if ("action", "start") in request.query or request.path == ("process",) else b"{}"
        return VendorResponse(200, body=b'{"status":"200","data":' + data + b"}")

    @property
    def needs_session(self) -> bool:
        """Return whether the engine is set to log in."""
        credentials = self.credentials
        exchanges = credentials.kind == "zen" and credentials.password is not None
        return exchanges or credentials.kind == "ibm_session" or super().needs_session

    @property
    def session_header(self) -> str:
        """Return the cookies' header for a session of the server's own."""
        return "Cookie" if self.credentials.kind == "ibm_session" else super().session_header

    def log_in(self) -> LogIn:
        """Open a session."""
        if self.credentials.kind == "zen":
            return auth.zen.log_in(self.name, self.credentials)
        if self.credentials.kind != "ibm_session":
            return super().log_in()
        return auth.log_in(self.name, self.settings, self.credentials)

    def sign(self, request: VendorRequest, session: Session | None) -> VendorRequest:
        """Return the request with the credentials."""
        added = auth.signature(self.credentials) if session is None else session.headers
        return msgspec.structs.replace(request, headers=request.headers + added) if added else request

    def expired(self, answer: VendorResponse) -> bool:
        """Return whether the session is over."""
        return auth.expired(answer)

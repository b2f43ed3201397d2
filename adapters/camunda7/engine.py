"""The engine class: its capabilities, and each operation handed to the module that carries it out."""

from __future__ import annotations

from adapters.camunda7 import (
    activities,
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
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import NAME_LENGTH
from gateway.errors import InvalidRequest
from gateway.model import commands, lifecycle, results
from gateway.model.modification import ModifyInstance
from gateway.model.query import CountVariables, QueryVariables, VariablesCounted, VariablesFound
from gateway.model.values import Value
from gateway.model.verdict import Declared, Foreseen
from gateway.plan import Plan, VendorRequest, VendorResponse, fits_path
from gateway.port import FEATURES, Capabilities, Engine, EngineLimits

_LACKING = {"variables.delete_by_null"}
_TYPES = frozenset(
    (
        "null",
        "boolean",
        "integer/int16",
        "integer/int32",
        "integer/int64",
        "number/double",
        "string",
        "date-time",
        "bytes",
        "file",
        "object",
    )
)


class Camunda7Engine(Engine):
    """One engine of the Camunda 7 family."""

    vendor = "camunda7"
    lenient = (
        ("fractions", "truncate"),
        ("decimals", "double"),
        ("xml", "Xml"),
        ("json", "Json"),
        ("json", "Object"),
    )
    settings: Settings

    @property
    def capabilities(self) -> Capabilities:
        """Return what the engine can do, as it is set."""
        structured = {"json", "list"} if self.settings.json != "refuse" else set()
        structured |= {"xml"} if self.settings.xml != "refuse" else set()
        return Capabilities(
            features=frozenset(FEATURES) - _LACKING,
            types=_TYPES | structured,
            limits=EngineLimits(
                string_length=self.settings.string_length, name_length=NAME_LENGTH, rows=self.settings.page_size
            ),
        )

    def describe_engine(self, command: commands.DescribeEngine) -> Plan[results.EngineDescribed]:
        """Read the engine's version."""
        del command
        return instances.describe_engine(self.name)

    def describe_instance(self, command: commands.DescribeInstance) -> Plan[results.InstanceDescribed]:
        """Describe one instance."""
        return instances.describe_instance(self.name, command)

    def find_instances(self, command: commands.FindInstances) -> Plan[results.InstancesFound]:
        """Find the instances that match."""
        return finding.find_instances(self.name, self.settings, command)

    def list_definitions(self, command: commands.ListDefinitions) -> Plan[results.DefinitionsListed]:
        """List the definitions of which instances can be started."""
        return definitions.list_definitions(self.name, self.settings, command)

    def start_instance(self, command: lifecycle.StartInstance) -> Plan[results.InstanceStarted]:
        """Start an instance."""
        return starting.start_instance(self.name, self.settings, command)

    def native_task(self, text: str) -> str:
        """Return a task's id as the engine knows it.

        Raises:
            InvalidRequest: no path can carry it.
        """
        if not fits_path(text):
            raise InvalidRequest("No task of this engine has such an id.", engine=self.name)
        return text

    def describe_task(self, command: lifecycle.DescribeTask) -> Plan[results.TaskDescribed]:
        """Describe one task."""
        return tasks.describe_task(self.name, self.settings, command)

    def complete_task(self, command: lifecycle.CompleteTask) -> Plan[results.TaskCompleted]:
        """Complete a task."""
        return tasks.complete_task(self.name, self.settings, command)

    def correlate_message(self, command: lifecycle.CorrelateMessage) -> Plan[results.MessageCorrelated]:
        """Correlate a message."""
        return messages.correlate_message(self.name, self.settings, command)

    def assume_success(self, request: VendorRequest) -> VendorResponse:
        """Return the success of a write; only starts and messages are answered with a body."""
        match request.path[-1]:
            case "start":
                return VendorResponse(200, body=b'{"id":""}')
            case "message":
                return VendorResponse(200, body=b"[]")
            case _:
                return VendorResponse(204)

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
        return variables.list_variables(self.name, self.settings, command)

    def get_variable(self, command: commands.GetVariable) -> Plan[results.VariableRead]:
        """Read one variable."""
        return variables.get_variable(self.name, self.settings, command)

    def patch_variables(self, command: commands.PatchVariables) -> Plan[results.VariablesPatched]:
        """Set, merge, patch and delete."""
        return patch.patch_variables(self.name, self.settings, command)

    def foresee_value(self, name: str, value: Value, declared: Declared | None) -> Foreseen:
        """Return what a read would show after a write; names need no declaration, and types come with the values."""
        del declared
        return foresight.foresee_value(self.settings, name, value)

    def read_binary(self, command: commands.ReadBinary) -> Plan[results.BinaryRead]:
        """Read the content of a blob as a stream."""
        return binary.read_binary(self.name, self.settings, command)

    def write_binary(self, command: commands.WriteBinary) -> Plan[results.VariablesPatched]:
        """Write the content of a blob from a stream."""
        return binary.write_binary(self.name, self.settings, command)

    def query_variables(self, command: QueryVariables) -> Plan[VariablesFound]:
        """Find variables of all instances."""
        return query.query_variables(self.name, self.settings, command)

    def count_variables(self, command: CountVariables) -> Plan[VariablesCounted]:
        """Count variables of all instances."""
        return query.count_variables(self.name, self.settings, command)

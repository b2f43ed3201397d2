"""The engine class: capabilities, and each operation handed to the module that knows it."""

from __future__ import annotations

from adapters.camunda7 import (
    activities,
    binary,
    instances,
    messages,
    modification,
    patch,
    query,
    starting,
    tasks,
    variables,
)
from adapters.camunda7.settings import Settings
from adapters.camunda7.values import NAME_LENGTH
from gateway.errors import InvalidRequest
from gateway.model import commands, lifecycle, results
from gateway.model.modification import ModifyInstance
from gateway.model.query import CountVariables, QueryVariables, VariablesCounted, VariablesFound
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
    settings: Settings

    @property
    def capabilities(self) -> Capabilities:
        """Give what it can do."""
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
        """Give its version."""
        del command
        return instances.describe_engine(self.name)

    def describe_instance(self, command: commands.DescribeInstance) -> Plan[results.InstanceDescribed]:
        """Give one instance."""
        return instances.describe(self.name, command)

    def find_instances(self, command: commands.FindInstances) -> Plan[results.InstancesFound]:
        """Give the instances that match."""
        return instances.find(self.name, self.settings, command)

    def start_instance(self, command: lifecycle.StartInstance) -> Plan[results.InstanceStarted]:
        """Start an instance."""
        return starting.started(self.name, self.settings, command)

    def native_task(self, text: str) -> str:
        """Give a task's id.

        Raises:
            InvalidRequest: no path can carry it.
        """
        if not fits_path(text):
            raise InvalidRequest("No task of this engine has such an id.", engine=self.name)
        return text

    def describe_task(self, command: lifecycle.DescribeTask) -> Plan[results.TaskDescribed]:
        """Give whose task it is."""
        return tasks.described(self.name, command)

    def complete_task(self, command: lifecycle.CompleteTask) -> Plan[results.TaskCompleted]:
        """Complete a task."""
        return tasks.completed(self.name, self.settings, command)

    def correlate_message(self, command: lifecycle.CorrelateMessage) -> Plan[results.MessageCorrelated]:
        """Correlate a message."""
        return messages.correlated(self.name, self.settings, command)

    def assume_success(self, request: VendorRequest) -> VendorResponse:
        """Give the success of a write; only what starts or correlates has something to say."""
        match request.path[-1]:
            case "start":
                return VendorResponse(200, body=b'{"id":""}')
            case "message":
                return VendorResponse(200, body=b"[]")
            case _:
                return VendorResponse(204)

    def list_activities(self, command: commands.ListActivities) -> Plan[results.ActivitiesListed]:
        """Give where the tokens are."""
        return activities.listed(self.name, command)

    def modify_instance(self, command: ModifyInstance) -> Plan[results.InstanceModified]:
        """Cancel and start activities."""
        return modification.modified(self.name, self.settings, command)

    def list_variables(self, command: commands.ListVariables) -> Plan[results.VariablesListed]:
        """Give variables."""
        return variables.listed(self.name, self.settings, command)

    def get_variable(self, command: commands.GetVariable) -> Plan[results.VariableRead]:
        """Give one variable."""
        return variables.read(self.name, self.settings, command)

    def patch_variables(self, command: commands.PatchVariables) -> Plan[results.VariablesPatched]:
        """Set, merge, patch and delete."""
        return patch.patched(self.name, self.settings, command)

    def read_binary(self, command: commands.ReadBinary) -> Plan[results.BinaryRead]:
        """Stream a blob out."""
        return binary.read(self.name, self.settings, command)

    def write_binary(self, command: commands.WriteBinary) -> Plan[results.VariablesPatched]:
        """Stream a blob in."""
        return binary.write(self.name, self.settings, command)

    def query_variables(self, command: QueryVariables) -> Plan[VariablesFound]:
        """Give variables of all instances."""
        return query.found(self.name, self.settings, command)

    def count_variables(self, command: CountVariables) -> Plan[VariablesCounted]:
        """Count variables of all instances."""
        return query.counted(self.name, self.settings, command)

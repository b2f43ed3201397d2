"""The content of bytes and files: read with all variables, since the engine has no streams; written as a value.

The counterpart, which knows how the engine holds them, is ``values.envelope``.
"""

from __future__ import annotations

from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models
from adapters.ibm_bpm.values.envelope import content_of
from adapters.ibm_bpm.variables import get_variable
from gateway.model.commands import GetVariable, ReadBinary
from gateway.model.results import BinaryRead
from gateway.plan import Plan


def read_binary(engine: str, settings: Settings, command: ReadBinary, models: Models | None = None) -> Plan[BinaryRead]:
    """Read the content of a blob or, where blobs are kept as base64, of a text that is strict base64.

    Raises:
        ValueInvalid: the variable holds no bytes.
        VariableNotFound: not declared, or unset. InstanceNotFound: there is no such instance, or it has ended.
    """
    wanted = GetVariable(instance=command.instance, name=command.name, scope=command.scope, ended=command.ended)
    value = (yield from get_variable(engine, settings, wanted, models)).variable.value
    content = content_of(value, settings)
    kind = value.media_type
    if kind is not None and value.encoding is not None:
        kind += f"; charset={value.encoding}"
    return BinaryRead(content=content, filename=value.filename, media_type=kind, size=len(content))

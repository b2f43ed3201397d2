"""Values between the unified model and the vendor's ``{type, value, valueInfo}``."""

from adapters.camunda7.values.check import check_value
from adapters.camunda7.values.decode import decode, unreadable
from adapters.camunda7.values.encode import JSON_FORMAT, NAME_LENGTH, check_name, encode
from adapters.camunda7.values.plain import plain

__all__ = ["JSON_FORMAT", "NAME_LENGTH", "check_name", "check_value", "decode", "encode", "plain", "unreadable"]

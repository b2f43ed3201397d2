"""Values between the unified model and the vendor's ``{type, value, valueInfo}``."""

from adapters.camunda7.values.decode import decode
from adapters.camunda7.values.encode import JSON_FORMAT, NAME_LENGTH, check_name, date_out, encode, softened

__all__ = ["JSON_FORMAT", "NAME_LENGTH", "check_name", "date_out", "decode", "encode", "softened"]

"""Values between the unified model and the vendor's JSON; ``trees`` knows ``@metadata`` and lists."""

from adapters.ibm_bpm.values.decode import decode
from adapters.ibm_bpm.values.encode import Encoded, check_name, encode

__all__ = ["Encoded", "check_name", "decode", "encode"]

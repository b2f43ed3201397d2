"""The vendor's JSON and XML, in the vendor's spelling. Nothing outside this folder knows it.

Success is ``{"status": "200", "data": {…}}``, an error ``{"status": "error", "Data": {…}}``; the number also stands at
the top, as ``errorNumber`` or ``error_number``, on newer resources. HTTP 200 may wrap an error.
"""

from adapters.ibm_bpm.wire.answers import (
    DETAILS,
    DETAILS_LIST,
    TEXT,
    TREE,
    Envelope,
    WireDetails,
    WireDetailsList,
    data_in,
    instance_number,
    is_success,
    members,
    task_number,
)
from adapters.ibm_bpm.wire.errors import WireError, error_in
from adapters.ibm_bpm.wire.requests import ACCEPT, JSON, get, put

__all__ = [
    "ACCEPT",
    "DETAILS",
    "DETAILS_LIST",
    "JSON",
    "TEXT",
    "TREE",
    "Envelope",
    "WireDetails",
    "WireDetailsList",
    "WireError",
    "data_in",
    "error_in",
    "get",
    "instance_number",
    "is_success",
    "members",
    "put",
    "task_number",
]

"""How the fake engine reads several instances at once: ``GET /process?action=getdetails``."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ibm_bpm.fake.convert import Refused


def instance_ids(query: Mapping[str, str]) -> list[str]:
    """Return the ids of the instances that are asked for.

    Raises:
        Refused: none, or one that is no number.
    """
    if "instanceIds" not in query:
        raise Refused(400, "CWTBG0023E", "MissingParameterException", "instanceIds")
    ids = query["instanceIds"].split(",")
    for each in ids:
        if not each.isdigit():
            raise Refused(400, "CWTBG0553E", "UnexpectedInstanceIDException", "BPDInstance", each)
    return ids

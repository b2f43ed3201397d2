"""What may be set for an IBM engine besides the common keys. What is not known about the server is a switch here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

TypeHint = Literal["boolean", "integer", "number", "string", "date-time", "xml"]


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ids by which a process is started: its own, and one of the other three."""

    bpd_id: str
    snapshot_id: str = ""
    branch_id: str = ""
    process_app_id: str = ""

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the query parameters of a start."""
        named = (
            ("bpdId", self.bpd_id),
            ("snapshotId", self.snapshot_id),
            ("branchId", self.branch_id),
            ("processAppId", self.process_app_id),
        )
        return tuple((key, value) for key, value in named if value)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of ``[engines.NAME]`` for ``vendor = "ibm_bpm"``.

    Args:
        deletions: IBM cannot delete a variable: write null instead (rule ``delete-set-null``), or refuse.
        binary: bytes and files: refuse; ``base64``, a text (rule ``binary-to-base64``), and any text that is strict
            base64 is read as bytes by ``…/data``; ``envelope``, an object that reads back as the file it was, or its
            JSON text where the variable holds a text or is declared as one.
        metadata: ``graft`` puts stored ``@metadata`` and list wrappers back by path; ``strip`` writes none;
            ``as_given`` lets values pass untouched both ways.
        types: variable name to declared type; the payload does not tell a date from a text.
        declared_types: where types come from: ``hints`` (``types`` only), or the process ``model`` beneath them, read
            once a snapshot (``parts=dataModel``; its form is known from public clients, not from a server).
        new_lists: how a list that has no stored counterpart is written; documented is ``wrapped`` (``{"items": […]}``).
        int64: an integer beyond 32 bits: refuse, or write its digits as text (rule ``int64-to-string``).
        fractions: a date-time with a fraction of a second: refuse, or cut it (rule ``date-truncated-to-seconds``).
        business_key: alias of a searchable variable that holds the business key; empty = there is none.
        business_key_variable: input variable that takes the business key of a new instance; empty = there is none.
        starts: name of a process to the ids that start it; any other name is looked up among the exposed ones.
        comment_parameter: query parameter of ``action=comment`` that takes the text (documented by name only); an
            annotation becomes a comment; empty = annotations are refused.
        query_reads: how a query reads instances: ``bulk`` by ``process?action=getdetails``, ``single`` one by one, for
            servers whose ``getdetails`` does not tell which instance is which.
        query_instances: instances that one query looks at, at most; a query that would take more is refused.
        searchable: variable name to the alias under which it is searchable; an ``eq`` on it then narrows the search.
        login: how ``ibm_session`` logs in: ``system_login`` posts to ``/bpm/system/login`` (8.5.7 CF2017.03 and later),
            ``user_current`` asks ``/user/current`` with Basic; ``auto`` takes the first that works.
        session_lifetime_s: asked for at log-in; 7200 is the server's longest.
    """

    deletions: Literal["set_null", "refuse"] = "set_null"
    binary: Literal["refuse", "base64", "envelope"] = "refuse"
    metadata: Literal["graft", "strip", "as_given"] = "graft"
    types: dict[str, TypeHint] = {}
    declared_types: Literal["hints", "model"] = "hints"
    new_lists: Literal["wrapped", "plain"] = "wrapped"
    int64: Literal["refuse", "string"] = "refuse"
    fractions: Literal["refuse", "truncate"] = "refuse"
    business_key: str = ""
    business_key_variable: str = ""
    starts: dict[str, Start] = {}
    comment_parameter: str = "comment"
    query_reads: Literal["bulk", "single"] = "bulk"
    query_instances: Annotated[int, msgspec.Meta(ge=1)] = 5000
    searchable: dict[str, str] = {}
    login: Literal["auto", "system_login", "user_current"] = "auto"
    session_lifetime_s: Annotated[int, msgspec.Meta(ge=1, le=7200)] = 7200

"""The dialect that an adapter fills in: a vendor's language towards callers.

The counterpart of ``engine``, which speaks to the vendor's servers. What must not live here: a vendor's word, and which
way a request takes (``operations.relaying``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from gateway.errors import Unsupported, VarbridgeError
from gateway.model import commands
from gateway.plan import VendorResponse
from gateway.port.upload import FormShape, UploadedForm


class DialectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request in a vendor's dialect, read but not understood.

    Args:
        method: HTTP verb as it was sent; a header or parameter may override it.
        segments: path below the front door's prefix, decoded segment by segment.
        query: decoded parameters, each with its first value, or with all of them and commas between (``Dialect.many``);
            of a form those that decide what is asked (``Dialect.forms``), and those that count each.
        headers: names in any case; a mapping that ignores case, where there is one.
        body: in full where the request is to be decoded, or where its facts depend on it (``Dialect.reads_body``);
            empty otherwise, since bodies that are relayed are not read.
        pairs: decoded parameters of the query, each with every value, in order; only for decoded requests.
        base: URL of the front door as the caller wrote it, without a trailing slash; only for decoded requests.
        form: instead of the body where the request uploads a form; None where its body is something else.
    """

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    base: str = ""
    form: UploadedForm | None = None


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a request in a vendor's dialect is about, as far as scope, owner, lane and write lock depend on it.

    Args:
        scope: the scope that it needs (``variables:read`` …), or ``passthrough:read`` and ``passthrough:write``.
        writes: whether it changes anything; verbs lie.
        instance: id of the instance that it names, as the caller wrote it; None where that is not certain.
        execution: id of an execution that it names instead, as the caller wrote it: the instance around it is not
            known, but an engine that has no such execution is not the owner.
        task: id of a task that it names instead, as the caller wrote it.
        in_body: whether the instance is named in the body, where an engine gets it as it was written.
        searches: whether it asks for what is on an engine, so that it can be answered from several engines.
        ids: ids of instances that it names otherwise, in a search or beside others, as the caller wrote them.
        tasks: ids of tasks that it names so.
        polls: whether it may wait for work (``Dialect.poll_s`` returns how long).
        definition: what it starts an instance of, in the words of start rules; None where that is not certain.
        uploads: which parts its body has, where that is a form whose content streams; None = it is read in full.
        translates: whether it can be carried out as commands (at another vendor's engine, or for a caller with limits),
            although it only passes through otherwise.
        silent: whether an engine answers the same if it does not know the instance.
        carries: whether its body may set variables, or ask for some, for which callers need more than ``scope``.
    """

    scope: str
    writes: bool
    instance: str | None = None
    execution: str | None = None
    task: str | None = None
    in_body: bool = False
    searches: bool = False
    ids: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    polls: bool = False
    definition: str | None = None
    uploads: FormShape | None = None
    translates: bool = False
    silent: bool = False
    carries: bool = False

    @property
    def named(self) -> str | None:
        """Return the id by which the owner is found, None where the request names neither instance nor execution."""
        return self.execution if self.instance is None else self.instance

    @property
    def names_one(self) -> bool:
        """Return whether the request names one thing, which has one owner: an instance, an execution or a task."""
        return self.named is not None or self.task is not None

    @property
    def is_known(self) -> bool:
        """Return whether the gateway knows such requests as operations of its own; others only pass through."""
        return not self.scope.startswith("passthrough:")


class Passed(msgspec.Struct, frozen=True):
    """The request is no command: it can only be relayed as it is, by its facts."""

    facts: RequestFacts


class DialectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be set for a front door's language where requests are translated; each language takes some (``takes``).

    Args:
        accept_primitives: whether one variable can be set to a value that is no object, where the vendor's page says
            that a body is an object.
        objects: how an object that has a class is shown to who asks for it as it is stored: as ``json``, like
            structures without a class, or as an ``object`` of that class.
        federated: whether searches that name no instance ask every engine that the caller may use, not the front door's
            alone.
    """

    accept_primitives: bool = False
    objects: Literal["json", "object"] = "json"
    federated: bool = False


class Dialect:
    """A vendor's language towards callers. Pure: it reads requests and spells answers, and relays nothing.

    Every request has ``facts``; they need no body, and decide whether it is relayed or translated. A request that is
    translated is read in full, decoded to commands, these are carried out, and their results encoded. By default no
    request means a command, and no result can be encoded.
    """

    vendor: ClassVar[str] = ""
    scrubs: ClassVar[bool] = False
    """Whether answers must be looked at before callers see them (``scrub``)."""
    hides: ClassVar[bytes] = b""
    """The word without which ``scrub`` has nothing to do; long answers are only searched for it."""
    forms: ClassVar[frozenset[str]] = frozenset()
    """Parameters that decide what is asked, and may stand in a form instead of the query; none = forms do not count."""
    many: ClassVar[frozenset[str]] = frozenset()
    """Parameters of which each value counts where they stand several times, in the query or in a form."""
    proofs: ClassVar[frozenset[str]] = frozenset()
    """Headers, in lower case, that belong to a caller's own session; they are relayed only with its credentials."""
    said_once: ClassVar[frozenset[str]] = frozenset()
    """Parameters, in lower case, that decide what is asked: of two values nobody knows which one a server takes."""
    accept_parameter: ClassVar[str] = ""
    """Parameter of the query that goes before the header ``Accept``; empty: there is none."""
    token_header: ClassVar[str] = ""
    """Header, in lower case, of the token by which a write shows that no other site made it; empty: there is none."""
    id_names: ClassVar[frozenset[str]] = frozenset()
    """Parameters and members of JSON whose values are ids of instances, or lists of them, in requests and answers."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """Names of the settings (``DialectSettings``) that this language takes; others are refused in a configuration."""

    def __init__(self, settings: DialectSettings | None = None) -> None:
        self.settings = settings or DialectSettings()

    def reads_body(self, request: DialectRequest) -> bool:
        """Return whether the facts of a request depend on its body; then it is read in full before ``facts``.

        It is not read where no other engine could be meant.
        """
        del request
        return False

    def facts(self, request: DialectRequest) -> RequestFacts:
        """Return what a request is about; a method override is resolved first.

        Raises:
            InvalidRequest: the request says two different things, or nobody knows what its body names.
        """
        raise NotImplementedError

    def misses(self, answer: VendorResponse, facts: RequestFacts) -> bool:
        """Return whether an engine's answer to a request may mean that it does not know the instance or task named.

        Such an answer is looked at before the caller sees it: another engine may be the owner. Only answers of 400 and
        above are asked about. An answer that means something else too does no harm: nothing is done elsewhere before
        the engine has been asked for the instance or task itself.
        """
        del answer, facts
        return False

    def decode(self, request: DialectRequest) -> tuple[commands.Command, ...] | Passed:
        """Return the commands that a request means, in order, or its facts where it means none.

        Commands name their instance, execution or task as the caller wrote it; those that follow a start or a
        completion, or read of a task, are about its instance, whatever they name.

        Raises:
            Refusal: what is asked cannot be said as commands faithfully.
        """
        return Passed(self.facts(request))

    def encode(self, request: DialectRequest, results: tuple[msgspec.Struct, ...]) -> VendorResponse:
        """Return the answer to a request that was decoded, from the results of its commands.

        Args:
            request: as it was decoded; it says what the caller accepts, and which parts it asked for.
            results: what each command came to (``gateway.model.results``), in order.

        Raises:
            Unsupported: this dialect has no such answer.
        """
        del request
        kinds = ", ".join(type(result).__name__ for result in results)
        msg = f"The {self.vendor} dialect has no answer for {kinds}."
        raise Unsupported(msg)

    def encode_error(
        self, error: VarbridgeError, accept: str, translated: DialectRequest | None = None
    ) -> VendorResponse:
        """Return the answer for an error that was born in the gateway, as this vendor's clients expect errors.

        Args:
            error: what went wrong.
            accept: what the caller takes, by the parameter for that (``accept_parameter``) or else by its header.
            translated: the request, where it was to be carried out as commands: then the answer is the one that this
                vendor's own engine would give to it. None = the request was not understood, or is only relayed.
        """
        raise NotImplementedError

    def logs_in(self, request: DialectRequest) -> bool:
        """Return whether a request is a log-in, which a front door answers itself where its engine cannot."""
        del request
        return False

    def token_lifetime_s(self, request: DialectRequest) -> int:
        """Return for how many seconds a log-in asks for a token (``token_header``).

        Raises:
            Refusal: the log-in is not what the vendor's page says.
        """
        raise NotImplementedError

    def encode_token(self, request: DialectRequest, token: str, lifetime_s: int) -> VendorResponse:
        """Return the answer to a log-in."""
        raise NotImplementedError

    def upload_kind(self, form: UploadedForm) -> bytes:
        """Return what the content of a form is, ``Bytes`` or ``File``, as far as its fields are known.

        It is asked for each upload once more when all fields are known: those behind the content count too.

        Raises:
            Refusal: the form says what the language does not have, two things, or what cannot be said as a command.
        """
        del form
        msg = f"The {self.vendor} dialect takes no uploads."
        raise Unsupported(msg)

    def poll_s(self, body: bytes) -> float:
        """Return how long a polling request asks to wait, in seconds."""
        del body
        return 0.0

    def show_id(self, request: DialectRequest, body: bytes) -> bytes:
        """Return the body of an engine's answer with the id of the instance or task as the caller wrote it.

        It is asked where the engine knows the id in another spelling (``engine:id``); what is no answer of the
        vendor's, or has no such id, comes back as it is.
        """
        del request
        return body

    def scrub(self, body: bytes) -> bytes:
        """Return an answer's body without what no caller may see."""
        return body

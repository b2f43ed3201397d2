"""IBM's REST API as a language of callers: what requests are about, what they mean as commands, and the answers."""

from __future__ import annotations

import msgspec

from adapters.ibm_bpm.dialect.decode import decode, decode_unnamed
from adapters.ibm_bpm.dialect.encode import encode
from adapters.ibm_bpm.dialect.errors import HIDDEN, NUMBERS, encode_error, misses, scrub
from adapters.ibm_bpm.dialect.facts import OVERRIDES, facts
from adapters.ibm_bpm.dialect.ids import INSTANCES, MANY, SHOWN, names_in_body
from adapters.ibm_bpm.dialect.login import TOKEN_HEADER, encode_token, logs_in, token_lifetime_s
from adapters.ibm_bpm.dialect.media import XML, accepted, wants_xml
from adapters.ibm_bpm.dialect.shown import show_id
from adapters.ibm_bpm.dialect.xml import success_document
from gateway.errors import VarbridgeError
from gateway.model import commands
from gateway.plan import VendorResponse
from gateway.port import Dialect, DialectRequest, Passed, RequestFacts

__all__ = ["NUMBERS", "IbmBpmDialect"]


class IbmBpmDialect(Dialect):
    """The language of ``/rest/bpm/wle/v1``."""

    vendor = "ibm_bpm"
    scrubs = True
    hides = HIDDEN
    forms = frozenset({"action", "bpdId"})  # what is too long for a URL travels as a form, the whole query with it
    many = MANY
    proofs = frozenset({"bpmcsrftoken", "x-xsrf-token"})
    said_once = frozenset({"action", "bpdid"}) | OVERRIDES
    accept_parameter = "accept"
    token_header = TOKEN_HEADER
    takes = frozenset({"accept_primitives"})
    id_names = INSTANCES | SHOWN

    def facts(self, request: DialectRequest) -> RequestFacts:
        """Return what a request is about; a method override is resolved first, what is not certain passes through.

        Raises:
            InvalidRequest: the method is overridden in two ways.
        """
        return facts(request)

    def reads_body(self, request: DialectRequest) -> bool:
        """Return whether the ids of several instances may stand in the body instead of the query."""
        return names_in_body(request)

    def misses(self, answer: VendorResponse, facts: RequestFacts) -> bool:
        """Return whether an answer may mean that there is no such instance or task."""
        return misses(answer, facts)

    def decode(self, request: DialectRequest) -> tuple[commands.Command, ...] | Passed:
        """Return the commands that a request means: on one instance or task, reads of several, and starts."""
        known = facts(request)
        return (decode(request, self.settings) if known.names_one else decode_unnamed(request)) or Passed(known)

    def encode(self, request: DialectRequest, results: tuple[msgspec.Struct, ...]) -> VendorResponse:
        """Return the answer that IBM's server would give, as XML where that is what the caller takes."""
        answer = encode(request, results) or super().encode(request, results)
        return _negotiated(request, answer)

    def encode_error(
        self, error: VarbridgeError, accept: str, translated: DialectRequest | None = None
    ) -> VendorResponse:
        """Return an error as JSON or, where ``Accept`` asks for it, as XML; what is 422 elsewhere is 400 here."""
        return encode_error(error, accept, translated)

    def logs_in(self, request: DialectRequest) -> bool:
        """Return whether a request is ``…/system/login``."""
        return logs_in(request)

    def token_lifetime_s(self, request: DialectRequest) -> int:
        """Return ``requested_lifetime`` in seconds; 7200, the longest there is, where none is asked for."""
        return token_lifetime_s(request)

    def encode_token(self, request: DialectRequest, token: str, lifetime_s: int) -> VendorResponse:
        """Return ``csrf_token`` and ``expiration``."""
        return _negotiated(request, encode_token(token, lifetime_s))

    def show_id(self, request: DialectRequest, body: bytes) -> bytes:
        """Return the body of an answer that shows an instance or a task with its id as the caller wrote it."""
        return show_id(request, body)

    def scrub(self, body: bytes) -> bytes:
        """Return a body without ``programmersDetails``, which may hold scripts and SQL; all else byte for byte."""
        return scrub(body)


def _negotiated(request: DialectRequest, answer: VendorResponse) -> VendorResponse:
    """Return an answer as XML where that is what the caller takes."""
    if not wants_xml(accepted(request)):
        return answer
    others = (pair for pair in answer.headers if pair[0] != "Content-Type")
    return VendorResponse(answer.status, (("Content-Type", XML), *others), success_document(answer.content()))

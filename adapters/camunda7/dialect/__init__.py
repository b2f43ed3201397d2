"""Camunda's REST API as a language of callers: what requests are about, what they mean as commands, and the answers.

The values in it are those of ``adapters.camunda7.values``, the same that this adapter speaks to engines.
"""

from __future__ import annotations

import re

import msgspec

from adapters.camunda7.dialect.data import upload_kind
from adapters.camunda7.dialect.decode import decode
from adapters.camunda7.dialect.encode import encode
from adapters.camunda7.dialect.errors import encode_error, misses
from adapters.camunda7.dialect.facts import facts, reads_body
from adapters.camunda7.dialect.ids import INSTANCES
from adapters.camunda7.dialect.shown import show_id
from gateway.errors import VarbridgeError
from gateway.model import commands
from gateway.plan import VendorResponse
from gateway.port import Dialect, DialectRequest, Passed, RequestFacts, UploadedForm

_POLL = re.compile(rb'"asyncResponseTimeout"\s*:\s*(\d{1,9})')


class Camunda7Dialect(Dialect):
    """The language of ``/engine-rest``."""

    vendor = "camunda7"
    takes = frozenset({"objects", "federated"})
    id_names = INSTANCES

    def reads_body(self, request: DialectRequest) -> bool:
        """Return whether the body of a request may name instances, or what is inside of them."""
        return reads_body(request)

    def facts(self, request: DialectRequest) -> RequestFacts:
        """Return what a request is about; whatever is not certain passes through.

        Raises:
            InvalidRequest: nobody knows what its body names.
        """
        return facts(request)

    def misses(self, answer: VendorResponse, facts: RequestFacts) -> bool:
        """Return whether an answer says that there is no such instance, execution or task."""
        return misses(answer, facts)

    def decode(self, request: DialectRequest) -> tuple[commands.Command, ...] | Passed:
        """Return the commands that a request means."""
        return decode(request) or Passed(facts(request))

    def encode(self, request: DialectRequest, results: tuple[msgspec.Struct, ...]) -> VendorResponse:
        """Return the answer that Camunda would give."""
        return encode(request, results, self.settings) or super().encode(request, results)

    def encode_error(
        self, error: VarbridgeError, accept: str, translated: DialectRequest | None = None
    ) -> VendorResponse:
        """Return an error as ``{"type", "message", "code"}``; what is 422 elsewhere is 400 here."""
        del accept
        return encode_error(error, translated)

    def show_id(self, request: DialectRequest, body: bytes) -> bytes:
        """Return the body of an answer that shows an instance with its id as the caller wrote it."""
        return show_id(request, body)

    def upload_kind(self, form: UploadedForm) -> bytes:
        """Return what the content of a form is: ``Bytes``, or ``File`` where ``valueType`` says so."""
        return upload_kind(form)

    def poll_s(self, body: bytes) -> float:
        """Return ``asyncResponseTimeout`` of ``fetchAndLock``, which is in milliseconds there."""
        found = _POLL.search(body)
        return int(found.group(1)) / 1000 if found else 0.0

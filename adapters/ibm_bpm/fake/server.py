"""An in-memory engine that answers as an 8.6 server does, as far as recordings tell: pure, for demos and tests.

What no recording shows is a switch of the constructor. Every token waits in a task; a model is what its
instances declare.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from adapters.ibm_bpm.fake import convert, spelled, work
from adapters.ibm_bpm.fake import query as queries
from adapters.ibm_bpm.fake.convert import Refused, Shape
from adapters.ibm_bpm.fake.instance import FakeInstance
from adapters.ibm_bpm.fake.showcase import DEFINITION, VARIABLES
from gateway.errors import VarbridgeError
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.plan import VendorRequest, VendorResponse

_JSON = ("Content-Type", "application/json")
_STATES = {
    "Active": "STATE_RUNNING",
    "Suspended": "STATE_SUSPENDED",
    "Failed": "STATE_FAILED",
    "Completed": "STATE_FINISHED",
    "Terminated": "STATE_TERMINATED",
}
_WRITABLE = {"Active", "Suspended", "Failed"}
_ACTIONS = {
    "suspend": ({"Active"}, "Suspended", (401, "CWTBG0549E", "NotAuthorizedActionException", "suspend")),
    "resume": ({"Suspended"}, "Active", (409, "CWTBG0014E", "WrongStateException", "resume")),
    "terminate": (_WRITABLE, "Terminated", (401, "CWTBG0549E", "NotAuthorizedActionException", "abort")),
}
"""Action to the states that take it, the state after it, and what is recorded of any other state."""


class Fake:
    """The engine. ``answer`` is its only door; ``start`` begins an instance without HTTP.

    Args:
        nulls: which variables without a value show as null (unknown of real servers): ``all``
            that are declared, those that were ``set`` to null, or ``none``.
        atomic: whether a refused write of several variables changes none of them (unknown of real servers).
        sessions: whether every call needs the cookie of a log-in.
        csrf: whether a write in a session needs its CSRF token too (``Security.CheckXSRFForOldRestApi``).
        details: whether errors carry ``programmersDetails`` (``server-stacktrace-enabled``).
    """

    base_path: ClassVar[str] = "/rest/bpm/wle/v1"

    def __init__(
        self,
        *,
        nulls: Literal["all", "set", "none"] = "set",
        atomic: bool = True,
        sessions: bool = False,
        csrf: bool = False,
        details: bool = False,
    ) -> None:
        self.csrf, self.details = csrf, details
        self.instances: dict[str, FakeInstance] = {}
        self.models: dict[str, dict[str, Shape]] = {}
        self.nulls, self.atomic, self.sessions = nulls, atomic, sessions
        self.logins = 0
        self._live: str | None = None
        self._numbers = itertools.count(1355)

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Begin an instance whose model declares just these variables, and return its id."""
        del business_key  # the vendor has none
        trees = {name: convert.tree_of(value) for name, value in variables.items()}
        shapes = {name: convert.declared(tree) for name, tree in trees.items()}
        values = {name: convert.conformed(tree, shapes[name]) for name, tree in trees.items() if tree is not None}
        instance = FakeInstance(id=str(next(self._numbers)), definition=definition, shapes=shapes, variables=values)
        self.instances[instance.id] = instance
        self.models[definition] = shapes
        return instance.id

    @staticmethod
    def example(instance: str) -> tuple[tuple[str, ...], str]:
        """Return path segments and query of a read that clients make."""
        return ("process", instance), "parts=data"

    def showcase(self) -> str:
        """Begin an instance with nested objects and lists, for demonstrations, and return its id."""
        instance_id = self.start(DEFINITION, VARIABLES)
        self.instances[instance_id].shapes["received"] = Shape(kind="Date")
        return instance_id

    def expire(self) -> None:
        """End every session."""
        self._live = None

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Answer one request."""
        request = spelled.meant(request)
        login = self._login(request)
        if login is not None:
            return login
        if self.sessions and not self._in_session(request):
            return VendorResponse(401, (("WWW-Authenticate", 'Basic realm="BPMRESTAPI"'),))
        try:
            self._check_token(request)
            return self._routed(request)
        except Refused as refused:
            return spelled.error(refused, request, details=self.details)

    def _check_token(self, request: VendorRequest) -> None:
        headers = {key.lower(): value for key, value in request.headers}
        if self.csrf and request.method != "GET" and headers.get("bpmcsrftoken") != self._live:
            raise Refused(403, "CWTBG0651E", "CSRFTokenException")

    def _login(self, request: VendorRequest) -> VendorResponse | None:
        newer = request.above > 0 and request.path == ("bpm", "system", "login")
        if request.above and not newer:
            return VendorResponse(404)
        if not newer and (not self.sessions or request.path != ("user", "current")):
            return None
        given = {key.lower(): value for key, value in request.headers}.get("authorization", "")
        if not given.startswith("Basic ") or base64.b64decode(given[6:]).endswith(b":wrong"):
            return VendorResponse(401)
        self.logins += 1
        self._live = f"session-{self.logins}"
        headers = (_JSON, ("Set-Cookie", f"LtpaToken2={self._live}; Path=/; HttpOnly"))
        if newer:
            return VendorResponse(201, headers, jsontext.write({"csrf_token": self._live, "expiration": 7200}))
        return VendorResponse(200, headers, jsontext.write({"status": "200", "data": {"userName": "gateway"}}))

    def _in_session(self, request: VendorRequest) -> bool:
        headers = {key.lower(): value for key, value in request.headers}
        return self._live is not None and f"LtpaToken2={self._live}" in headers.get("cookie", "")

    def _routed(self, request: VendorRequest) -> VendorResponse:  # noqa: C901, PLR0912 - the table of routes
        query = dict(request.query) | work.form(request)
        match (request.method, *request.path):
            case ("GET", "systems"):
                return _ok({"systems": [{"systemID": "fake", "version": "8.6.0.201803", "apiVersion": "1.0"}]})
            case ("GET", "user", "current"):
                return _ok({"userName": "gateway"})
            case ("GET", "exposed") | ("GET", "exposed", "process"):
                return _ok({"exposedItemsList": [work.exposed(name) for name in sorted(self.models)]})
            case ("PUT", "search", "query"):
                return self._search(request)
            case ("POST", "process") if query.get("action") == "start":
                return self._started(query)
            case ("GET", "process") if query.get("action") == "getdetails":
                known = [self.instances[each] for each in queries.instance_ids(query) if each in self.instances]
                return _ok({"processDetails": [self._details(each, query.get("parts", "all")) for each in known]})
            case ("GET", "process", instance_id):
                return _ok(self._details(self._existing(instance_id), query.get("parts", "all")))
            case ("PUT" | "POST", "process", instance_id) if query.get("action") in _ACTIONS:
                return self._acted(self._existing(instance_id), query["action"])
            case ("POST", "process", instance_id) if query.get("action") in {"moveToken", "deleteToken"}:
                return self._moved(self._existing(instance_id), query)
            case ("POST", "process", instance_id) if query.get("action") == "comment":
                self._existing(instance_id).tokens.comments.append(query.get("comment", ""))
                return _ok({"comment": query.get("comment")})
            case ("GET", "task", task_id):
                return _ok(work.task(self.instances, task_id))
            case ("PUT" | "POST", "task", task_id) if query.get("action") in {"finish", "complete"}:
                return _ok(work.finish(self.instances, task_id, work.params(query)))
            case ("PUT", "process", instance_id, "variables"):
                return self._written(self._existing(instance_id), _body(request))
            case ("PUT", "process", instance_id, "variable", name):
                return self._written(self._existing(instance_id), {name: _body(request)})
            case _:
                return VendorResponse(405 if request.path[:1] == ("process",) else 404)

    def _existing(self, instance_id: str) -> FakeInstance:
        if not instance_id.isdigit():
            raise Refused(400, "CWTBG0553E", "UnexpectedInstanceIDException", "BPDInstance", instance_id)
        instance = self.instances.get(instance_id)
        if instance is None:
            raise Refused(404, "CWTBG0059E", "InstanceDoesNotExistException", f"BPDInstance.{instance_id}")
        return instance

    def _started(self, query: dict[str, str]) -> VendorResponse:
        if "bpdId" not in query:
            raise Refused(400, "CWTBG0023E", "MissingParameterException", "bpdId")
        name = query["bpdId"].removeprefix("25.")
        if name not in self.models:
            raise Refused(404, "CWTBG0047E", "ProcessDoesNotExistException", query["bpdId"])
        if not {"snapshotId", "branchId", "processAppId"} & query.keys():
            raise Refused(400, "CWTBG0022E", "MissingParameterException", "snapshotId", "processAppId")
        shapes = dict(self.models[name])
        values = work.conformed(work.params(query), shapes)
        instance = FakeInstance(id=str(next(self._numbers)), definition=name, shapes=shapes, variables=values)
        self.instances[instance.id] = instance
        return _ok(self._details(instance, "header|data"))

    def _acted(self, instance: FakeInstance, action: str) -> VendorResponse:
        needed, then, refused = _ACTIONS[action]
        if instance.state not in needed:
            raise Refused(*refused)
        instance.state = then
        return _ok(self._details(instance, "header"))

    def _moved(self, instance: FakeInstance, query: dict[str, str]) -> VendorResponse:
        if instance.state not in _WRITABLE:
            raise Refused(401, "CWTBG0549E", "NotAuthorizedActionException", query["action"])
        if query["action"] == "moveToken":
            instance.tokens.move(query.get("tokenId"), query.get("target"))
        else:
            instance.tokens.delete(query.get("tokenId"))
        if not instance.tokens.at:
            instance.state = "Completed"
        return _ok(self._details(instance, "header|executionTree"))

    def _written(self, instance: FakeInstance, values: Tree) -> VendorResponse:
        if instance.state not in _WRITABLE:
            raise Refused(409, "CWTBG0014E", "WrongStateException", instance.state, f"2072.{instance.id}", "update")
        if not isinstance(values, dict):
            raise Refused(400, "CWTBG0012E", "InvalidParameterException", "body")
        changed = instance.variables if not self.atomic else dict(instance.variables)
        for name, tree in values.items():
            if name not in instance.shapes:
                raise Refused(400, "CWTBG0543E", "VariableDoesNotExistException", name)
            kept = convert.conformed(tree, instance.shapes[name])
            _ = changed.pop(name, None) if kept is None and self.nulls == "none" else changed.update({name: kept})
        instance.variables = changed
        return _ok({"message": "Successfully updated."})

    def _details(self, instance: FakeInstance, parts: str) -> dict[str, Tree]:
        wanted = set(parts.replace(",", "|").split("|"))
        everything = "all" in wanted
        shown: dict[str, Tree] = dict.fromkeys(
            ("description", "processAppName", "snapshotID", "tasks", "documents", "comments", "actions")
        )
        if everything or "header" in wanted:
            shown |= {
                "piid": instance.id,
                "name": f"{instance.definition}:{instance.id}",
                "executionState": instance.state,
                "state": _STATES[instance.state],
                "processTemplateID": f"25.{instance.definition}",
                "processTemplateName": instance.definition,
                "snapshotID": f"2064.{instance.definition}-{instance.snapshot}",
                "snapshotTip": False,
                "creationTime": "2026-01-01T00:00:00Z",
            }
        if "dataModel" in wanted:
            shown["DataModel"] = convert.model(instance.shapes)
        if everything or "data" in wanted:
            unset: dict[str, Tree] = dict.fromkeys(instance.shapes) if self.nulls == "all" else {}
            variables = unset | instance.variables
            twice = jsontext.write(jsontext.write(variables).decode()).decode()
            shown |= {"data": twice, "variables": variables, "businessData": []}
        if everything or "executionTree" in wanted:
            shown["executionTree"] = instance.tokens.execution_tree(
                instance.id, instance.definition, instance.variables
            )
        if everything or "diagram" in wanted:
            shown["diagram"] = instance.tokens.diagram()
        return shown

    def _search(self, request: VendorRequest) -> VendorResponse:
        query = dict(request.query)
        conditions = [value.split("|", 2) for key, value in request.query if key == "condition"]
        names = {value for field, *_, value in conditions if field == "bpdName"}
        rows = [
            {"instanceId": int(instance.id), "instanceStatus": instance.state, "bpdName": instance.definition}
            for instance in self.instances.values()
            if not names or instance.definition in names
        ]
        first, size = int(query.get("offset", "0")), int(query.get("size", "500"))
        return _ok({"data": rows[first : first + size], "offset": first, "totalCount": len(rows)})


def _body(request: VendorRequest) -> Tree:
    try:
        return jsontext.parse(request.body if isinstance(request.body, bytes) else b"", depth=900)
    except VarbridgeError as error:
        raise Refused(400, "CWTBG0012E", "InvalidParameterException", "body") from error


def _ok(data: Tree) -> VendorResponse:
    return VendorResponse(200, (_JSON,), jsontext.write({"status": "200", "data": data}))

"""How the machine judges: by the model before the write, by what the answer says, and by the next read.

A problem is believed: ``not_applied`` leaves the model as it is, ``partial`` takes over just what ``applied`` names.
So a problem that lies shows in the next read. Only where nobody can know does the model hold two states until then.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from gateway.port import Policy
from tests.machine.model import Refused, after, objections, touched
from tests.machine.requests import Request
from tests.machine.world import CALLERS, OWNERS, Fault, World

BEGIN = {"note": "begun", "count": 1, "done": False, "doc": {"log": []}}
CODES: dict[Any, str] = {
    "refused": "engine-unavailable", "503": "engine-unavailable", "500": "engine-error", "page": "engine-misbehaved",
    "silence": "outcome-unknown", "502": "outcome-unknown",
    ("hr", "conflict"): "concurrent-update", ("claims", "conflict"): "instance-state-conflict",
}  # fmt: skip
"""What a fault of the write is called."""
_SET = {"portal": "*", "batch": "*", "clerk": "what the clerk sees"}
BEGIN_AS = {"note": "String", "count": "Integer", "done": "Boolean"}


class Judge(RuleBasedStateMachine):
    """What is known of the two instances, and what an answer makes of it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.count = 0
        self.unread: set[str] = set()
        world.round += 1

    @initialize(atomic=st.booleans(), verify=st.sampled_from(["off", "after"]), settle_s=st.sampled_from([0.0, 60.0]))
    def begin(self, atomic: bool, verify: Any, settle_s: float) -> None:
        world = self.world
        world.fakes["claims"].atomic = atomic
        world.fakes["claims"].nulls = "none"  # the model knows no null that stands for nothing
        world.idempotency._settle_s = settle_s
        for engine in world.engines.values():
            engine.policy = Policy(verify=verify)
        typed = {name: {"type": kind, "value": BEGIN[name]} for name, kind in BEGIN_AS.items()}
        typed["doc"] = {"type": "Json", "value": '{"log":[]}'}
        self.instance = {
            "hr": "hr:" + world.fakes["hr"].start("machine", typed),
            "claims": "claims:" + world.fakes["claims"].start("machine", BEGIN | {"rate": 0.5}),
        }
        _ = world.fakes["claims"].instances[self.instance["claims"].partition(":")[2]].variables.pop("rate")
        self.settle_s = settle_s
        self.unread = set(OWNERS)
        self.state: dict[str, dict[str, Any]] = {owner: dict(BEGIN) for owner in OWNERS}
        self.doubt: dict[str, dict[str, Any]] = {}
        self.tags: dict[tuple[str, str], list[str]] = {}
        self.meaning: dict[tuple[str, str, str], str] = {}
        self.keys: dict[tuple[str, str], tuple[Request, str, Any]] = {}

    def teardown(self) -> None:
        """What nobody wrote to has not changed either."""
        self.unread = set(getattr(self, "instance", ()))
        self.reads_equal_the_model()

    @invariant()
    def reads_equal_the_model(self) -> None:
        self.world.fault = Fault()
        for owner in sorted(self.unread):
            status, shown, headers = self.world.now("portal", "GET", "instances", self.instance[owner], "variables")
            assert status == 200, shown
            found = {each["name"]: each["value"] for each in shown["variables"]}
            if owner in self.doubt:
                self._pin(owner, found)
            assert _spelled(found) == _spelled(self.state[owner]), owner
            self._tagged(owner, _SET["portal"], headers["ETag"], found)
            for each in shown["variables"]:
                self._tagged(owner, each["name"], each["etag"], each["value"])
        self.unread = set()

    # How an answer is judged

    def _judged(self, request: Request, fault: Fault) -> None:
        world, owner = self.world, request.owner
        self.unread.add(owner)
        if request.caller == "clerk":
            self._clerk_reads(owner)
        world.hit = set()
        world.fault = fault
        path, body, headers = request.sent(self.instance[owner])
        status, shown, headers = world.now(request.caller, *path, body=body, headers=headers)
        world.fault = Fault()
        if request.key is not None and (request.caller, request.key) in self.keys:
            self._replayed(request, status, shown, headers)
            return
        assert "Idempotency-Replayed" not in headers
        self._expected(request, fault, status, shown, headers)
        if request.key is not None and (status < 300 or shown["outcome"] != "not_applied"):
            unknown = status >= 300 and shown["outcome"] == "unknown"
            self.keys[request.caller, request.key] = (request, "unknown" if unknown else "done", (status, shown))

    def _expected(self, request: Request, fault: Fault, status: int, shown: Any, headers: Any) -> None:
        """What a request that is carried out must answer, and what the model makes of the answer."""
        owner, hit = request.owner, self.world.hit
        refusal, intended = self._refusal(request)
        if refusal == "forbidden" or (refusal is not None and "before" not in hit):
            assert (status >= 400, shown["code"], shown["outcome"]) == (True, refusal, "not_applied"), shown
            assert "write" not in hit
            self.world.seen[str(refusal)] += 1
            if refusal == "precondition-failed" and request.write.kind != "edit":
                present = request.write.name is None or request.write.name in self.state[owner]
                assert headers.get("ETag") == (self._tags(request)[-1] if present else None)
            return
        if not hit and not self._objected(request, intended):
            assert status == (200 if request.shows else 204), shown
            self.state[owner] = intended
            self.world.seen[request.write.kind] += 1
            if request.shows:
                self._shows(request, shown)
            return
        assert status >= 400, (fault, hit)
        self._believed(request, fault, shown, intended)

    def _believed(self, request: Request, fault: Fault, problem: Any, intended: dict[str, Any]) -> None:
        owner, hit, outcome = request.owner, self.world.hit, problem["outcome"]
        ibm = OWNERS[owner] == "ibm_bpm"
        self.world.seen[outcome] += 1
        if "before" in hit:
            assert outcome == "not_applied", problem
        elif "write" not in hit and not self._objected(request, intended):
            assert outcome == "applied", problem  # only a read after it failed
        elif "write" not in hit:
            assert problem["code"] in self._objected(request, intended)
        if "write" in hit:
            assert problem["code"] == CODES.get((owner, fault.write), CODES.get(fault.write)), (problem, fault)
        lost = fault.write in {"silence", "502", "page"} and "write" in hit
        unsettled = ibm and "after" in hit and (fault.write == "500" or self._objected(request, intended))
        assert (outcome == "unknown") == bool(lost or unsettled), (problem, fault)
        if outcome == "applied":
            self.state[owner] = intended
        elif outcome == "partial":
            assert ibm
            assert set(problem["applied"]) < set(touched(request.write))
            self.state[owner] = _mixed(self.state[owner], intended, problem["applied"])
        elif outcome == "unknown":
            self.doubt[owner] = intended

    def _pin(self, owner: str, found: dict[str, Any]) -> None:
        """Take what is there, if it is one of the two states; IBM may have stopped half-way between them."""
        before, intended = self.state[owner], self.doubt.pop(owner)
        taken = [name for name in intended.keys() | before.keys() if _at(found, name) == _at(intended, name)]
        if OWNERS[owner] == "ibm_bpm":
            self.state[owner] = _mixed(before, intended, taken)
        elif _spelled(found) == _spelled(intended):
            self.state[owner] = intended

    def _replayed(self, request: Request, status: int, shown: Any, headers: Any) -> None:
        """Nothing is carried out: the answer of before, or a refusal."""
        first, state, answer = self.keys[request.caller, request.key or ""]
        assert "write" not in self.world.hit
        if request != first:
            assert (status, shown["code"]) == (422, "idempotency-key-reused")
            self.world.seen["key reused"] += 1
            return
        if state == "unknown":
            self._settled(request, status, shown)
            return
        assert (status, shown, headers["Idempotency-Replayed"]) == (*answer, "true")
        self.world.seen["replayed"] += 1

    def _settled(self, request: Request, status: int, shown: Any) -> None:
        """An unknown outcome: found by reading, or still open, or given up; never carried out."""
        if self.world.hit:
            assert (status, shown["code"]) == (409, "request-in-progress")
            return
        done = self._seen(request)
        if not done and request.write.kind != "edit" and self.settle_s:
            assert (status, shown["code"]) == (409, "request-in-progress")
            self.world.seen["still open"] += 1
            return
        assert (status == 204) if done else (shown["code"] == "outcome-unknown"), shown
        self.world.seen["settled" if done else "given up"] += 1
        self.keys[request.caller, request.key or ""] = (request, "done", (status, shown))

    # Small things

    def _keyed(self, request: Request) -> Request:
        self.count += 1
        return request._replace(key=f"{self.world.round}-{self.count}")

    def _clerk_reads(self, owner: str) -> None:
        """Whoever may not see all has tags of what is seen."""
        _, shown, headers = self.world.now("clerk", "GET", "instances", self.instance[owner], "variables")
        seen = {each["name"]: each["value"] for each in shown["variables"]}
        assert seen == {name: value for name, value in self.state[owner].items() if name in CALLERS["clerk"]}
        self._tagged(owner, _SET["clerk"], headers["ETag"], seen)

    def _seen(self, request: Request) -> bool:
        if request.write.kind == "edit":
            return False
        state = self.state[request.owner]
        return _canonical(after(state, request.write)) == _canonical(state)

    def _objected(self, request: Request, intended: dict[str, Any]) -> set[str]:
        return objections(OWNERS[request.owner], request.write, intended)

    def _refusal(self, request: Request) -> tuple[str | None, dict[str, Any]]:
        """The code with which the gateway says no, and the state that the write is to lead to."""
        state, name = self.state[request.owner], request.write.name
        if not may(request.caller, touched(request.write)):
            return "forbidden", state
        current = self._tags(request)[-1:]
        there = name is None or name in state
        if request.match == "*" and not there:
            return "precondition-failed", state
        if request.match not in {None, "*"} and not (there and request.match in current):
            return "precondition-failed", state
        if request.none_match is not None and there:
            return "precondition-failed", state
        try:
            return None, after(state, request.write)
        except Refused as refused:
            return str(refused), state

    def _conditional(self, request: Request, condition: str | None) -> Request:
        if request.caller == "clerk":
            self._clerk_reads(request.owner)
        known = self._tags(request)
        if condition == "new":
            return request._replace(none_match="*")
        if condition == "any":
            return request._replace(match="*")
        if condition is None:
            return request
        return request._replace(match=(known or ['"none"'])[-1 if condition == "current" else 0])

    def _tags(self, request: Request) -> list[str]:
        """All tags so far of what a condition of the request is about; of a set, as its caller sees it."""
        return self.tags.setdefault((request.owner, request.write.name or _SET[request.caller]), [])

    def _shows(self, request: Request, shown: Any) -> None:
        state = self.state[request.owner]
        if request.write.name is not None and request.write.kind != "delete":
            assert repr(shown["value"]) == repr(state[request.write.name])
        else:
            names = set(touched(request.write)) & state.keys()
            assert _spelled({each["name"]: each["value"] for each in shown["variables"]}) == _spelled(
                {name: state[name] for name in names}
            )

    def _tagged(self, owner: str, name: str, tag: str, value: Any) -> None:
        """One value has one tag, and one tag is of one value."""
        spelled = _canonical(value)
        assert self.meaning.setdefault((owner, name, tag), spelled) == spelled
        assert self.meaning.setdefault((owner, name, "of " + spelled), tag) == tag
        known = self.tags.setdefault((owner, name), [])
        if known[-1:] != [tag]:
            known.append(tag)

    def _together(self, requests: list[Request]) -> list[Any]:
        asked = []
        for each in requests:
            path, body, headers = each.sent(self.instance[each.owner])
            self.unread.add(each.owner)
            asked.append(self.world.call(each.caller, *path, body=body, headers=headers))
        return self.world.together(*asked)


def may(caller: str, names: Any) -> bool:
    allowed = CALLERS[caller]
    return "*" in allowed or set(names) <= set(allowed)


def _at(state: dict[str, Any], name: str) -> str:
    return repr(state[name]) if name in state else "unset"


def _spelled(state: dict[str, Any]) -> dict[str, str]:
    """Every digit, and the order of members; not the order of variables, which is the engine's."""
    return {name: repr(value) for name, value in state.items()}


def _canonical(value: Any) -> str:
    """As an entity tag sees it: the order of members does not count."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{_canonical(child)}" for key, child in sorted(value.items())) + "}"
    return "[" + ",".join(map(_canonical, value)) + "]" if isinstance(value, list) else repr(value)


def _mixed(before: dict[str, Any], intended: dict[str, Any], names: Any) -> dict[str, Any]:
    taken = {name: intended[name] for name in names if name in intended}
    return {name: value for name, value in before.items() if name not in names} | taken

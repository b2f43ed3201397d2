"""The machine: writes of every kind by several callers on both vendors. How they are judged is in ``judge``."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, precondition, rule

from tests.machine.judge import BEGIN, Judge, may
from tests.machine.model import Write, after
from tests.machine.requests import CALLER, CONDITIONS, FAULTS, FITTING, OWNER, WRITES, Request
from tests.machine.world import CALLERS, Fault


class Machine(Judge):
    """An ``owner`` is an engine, with one instance."""

    sent = Bundle("sent")

    @rule(owner=OWNER, write=WRITES, fault=FAULTS)
    def write_plainly(self, owner: str, write: Write, fault: Fault) -> None:
        self._judged(Request(owner, "portal", write), fault)

    @rule(owner=OWNER, write=WRITES)
    def write_in_peace(self, owner: str, write: Write) -> None:
        self._judged(Request(owner, "batch", write, shows=True), Fault())

    @rule(target=sent, owner=OWNER, caller=CALLER, write=WRITES, condition=CONDITIONS, fault=FAULTS,
          keyed=st.booleans(), shows=st.booleans())  # fmt: skip
    def write(
        self, owner: str, caller: str, write: Write, condition: Any, fault: Fault, keyed: bool, shows: bool
    ) -> Any:
        request = self._conditional(Request(owner, caller, write, shows=shows), condition)
        request = self._keyed(request) if keyed else request
        self._judged(request, fault)
        return request if keyed else multiple()

    @rule(target=sent, owner=OWNER, write=WRITES, lost=st.booleans(), kind=st.sampled_from(["silence", "502", "page"]))
    def lose_the_answer_and_ask_again(self, owner: str, write: Write, lost: bool, kind: str) -> Request:
        request = self._keyed(Request(owner, "portal", write))
        self._judged(request, Fault(write=kind, lost=lost))
        self.reads_equal_the_model()
        self._judged(request, Fault())
        return request

    @rule(fitting=st.lists(FITTING, min_size=1, max_size=3), fault=FAULTS)
    def stop_half_way(self, fitting: list[Any], fault: Fault) -> None:
        """IBM refuses the last name of a set; what it does with the others depends on `atomic`."""
        modifications = dict(fitting) | {"extra": "undeclared"}
        self._judged(
            Request("claims", "batch", Write("patch", None, {"modifications": modifications, "deletions": []})), fault
        )

    @rule(request=sent, fault=FAULTS)
    def replay(self, request: Request, fault: Fault) -> None:
        self._judged(request, fault)

    @rule(request=sent, other=WRITES, caller=CALLER)
    def reuse(self, request: Request, other: Write, caller: str) -> None:
        self._judged(request._replace(write=other, caller=caller), Fault())

    @rule(owner=OWNER, new=st.integers(100, 10**6))
    def race_for_a_tag(self, owner: str, new: int) -> None:
        """Callers write with one tag at once: one of them wins."""
        tag = self.tags.get((owner, "count"), ['"none"'])[-1]
        there = "count" in self.state[owner]
        if self.state[owner].get("count") in range(new, new + len(CALLERS)):
            new += len(CALLERS)
        asked = [Request(owner, each, Write("put", "count", new + n), match=tag) for n, each in enumerate(CALLERS)]
        answers = self._together(asked)
        won = [request for request, answer in zip(asked, answers, strict=True) if answer[0] == 204]
        assert [answer[0] for answer in answers].count(412) == len(CALLERS) - there
        assert len(won) == there
        for each in won:
            self.state[owner] = after(self.state[owner], each.write)

    @precondition(lambda self: all("log" in state.get("doc", {}) for state in self.state.values()))
    @rule(owner=OWNER, value=st.integers(0, 9), kind=st.sampled_from(["edit", "change", "merge"]))
    def write_at_once(self, owner: str, value: int, kind: str) -> None:
        """Callers change one variable at once, each a part of its own: none is lost."""
        writes = [
            Write("edit", "doc", [{"op": "add", "path": "/log/-", "value": value}]),
            {
                "edit": Write("edit", "doc", [{"op": "add", "path": "/log/-", "value": value}]),
                "change": Write("change", "doc", {"a": value}),
                "merge": Write("merge", None, {"doc": {"b": {"a": value}}}),
            }[kind],
        ]
        answers = self._together([Request(owner, each, write) for each, write in zip(CALLERS, writes, strict=False)])
        assert [answer[0] for answer in answers] == [204, 204]
        for each in writes:
            self.state[owner] = after(self.state[owner], each)

    @precondition(lambda self: all("log" in state.get("doc", {}) for state in self.state.values()))
    @rule(owner=OWNER, value=st.integers(0, 9))
    def send_twice_at_once(self, owner: str, value: int) -> None:
        """One keyed request, sent twice at once, is carried out once."""
        write = Write("edit", "doc", [{"op": "add", "path": "/log/-", "value": value}])
        request = self._keyed(Request(owner, "portal", write))
        answers = sorted(self._together([request, request]), key=lambda answer: answer[0])
        self.state[owner] = after(self.state[owner], write)
        assert answers[0][0] == 204
        assert answers[1][0] == 204 or answers[1][1]["code"] == "request-in-progress"
        self.keys["portal", request.key or ""] = (request, "done", (204, None))

    @rule(owner=OWNER, caller=CALLER, name=st.sampled_from(sorted(BEGIN)))
    def read_one(self, owner: str, caller: str, name: str) -> None:
        path = ("GET", "instances", self.instance[owner], "variables", name)
        status, shown, headers = self.world.now(caller, *path)
        if not may(caller, (name,)):
            assert (status, shown["code"]) == (403, "forbidden")
        elif name not in self.state[owner]:
            assert (status, shown["code"]) == (404, "variable-not-found")
        else:
            assert (status, repr(shown["value"])) == (200, repr(self.state[owner][name]))
            assert headers["ETag"] == self.tags[owner, name][-1]
            assert self.world.now(caller, *path, headers={"If-None-Match": headers["ETag"]})[0] == 304
